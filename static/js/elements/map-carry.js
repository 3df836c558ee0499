// Moving with the keyboard: Space picks up what has the focus, arrows move it, Space or Enter puts it down, Esc leaves
// it where it was. What would happen is shown and told; nothing is written before it is put down.
import { drop, elementOf, hide, isRtl, loadOf, say, show, slotsIn, slotsOf, told } from "./map-places.js";

let held = null; // { load, cell, at }: the slot by its number, in a cell if it is a card

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (held && !elementOf(held.load)) cancel("It is not there any more.");
  if (held) carry(event);
  else if (event.key === " " && !event.ctrlKey && !event.metaKey && event.target.matches("map-grid [data-stop]")) pickUp(event);
}, { capture: true });

// Whoever goes elsewhere has let go of it.
document.addEventListener("focusout", (event) => held && document.hasFocus() && event.relatedTarget && cancel());
document.addEventListener("pointerdown", () => held && cancel());

function pickUp(event) {
  const load = loadOf(event.target);
  if (!load) return;
  take(event);
  const cell = load.kind === "card" ? elementOf(load).closest(".cell").id : null;
  held = { load, cell };
  held.at = found().home;
  elementOf(load).classList.add("carried");
  say(`${load.name}: picked up. Arrow keys move it, Space puts it down, Escape leaves it where it was.`);
  mark();
}

function take(event) {
  event.preventDefault();
  event.stopPropagation();
}

const found = () => (held.cell ? slotsIn(document.getElementById(held.cell), held.load) : slotsOf(held.load));

function slot() {
  const { slots } = found();
  held.at = Math.max(0, Math.min(held.at, slots.length - 1));
  return slots[held.at];
}

function carry(event) {
  if (event.key === "Escape" || event.key === "Tab") {
    cancel(`${held.load.name}: left where it was.`);
    if (event.key === "Tab") return;
  } else if (event.key === " " || event.key === "Enter") {
    const { load } = held;
    const to = slot();
    release();
    drop(load, to);
  } else if (ARROWS[event.key]) {
    const [right, down] = ARROWS[event.key];
    move(isRtl() ? -right : right, down);
    mark();
    say(told(held.load, slot()));
  } else if (event.key.length > 1) return;
  take(event);
}

function move(right, down) {
  if (!held.cell) {
    held.at += held.load.kind === "lane" ? down : right;
    return;
  }
  const { slots } = found();
  if (down && slots[held.at + down]) held.at += down;
  else {
    const next = beside(document.getElementById(held.cell), right, down);
    if (!next) return;
    held.cell = next.id;
    if (down) held.at = down > 0 ? 0 : found().slots.length - 1;
  }
}

// The next cell for cards in that direction: lanes of feelings hold none.
function beside(cell, right, down) {
  if (right) {
    const next = right > 0 ? cell.nextElementSibling : cell.previousElementSibling;
    return next?.matches(".cell") ? next : null;
  }
  const rows = [...document.querySelectorAll("#map .row-of--lane")];
  for (let i = rows.indexOf(cell.parentElement) + down; rows[i]; i += down) {
    const next = rows[i].querySelector(`:scope > .cell[aria-colindex="${cell.ariaColIndex}"]`);
    if (next) return next;
  }
  return null;
}

function mark() {
  const to = slot();
  (to.anchor ?? to.cell).scrollIntoView({ block: "nearest", inline: "nearest" });
  show(held.load, to);
}

function release() {
  elementOf(held.load)?.classList.remove("carried");
  held = null;
  hide();
}

function cancel(text) {
  const { load } = held;
  release();
  say(text ?? `${load.name}: left where it was.`);
}
