// What can be carried about on a map (a card, a step, a stage, a lane), where it may be put down, and putting it there.
// A slot is a place between siblings: { anchor, side } beside a sibling, or { cell } that is empty.
import { stopIn } from "./map-here.js";
import { whenQuiet } from "./map-requests.js";

const grid = () => document.getElementById("map");
export const numberOf = (element) => element.id.split("-")[1];
export const isRtl = () => getComputedStyle(grid()).direction === "rtl";

export function say(text) {
  document.getElementById("map-says").textContent = text;
}

// What would be carried by whoever takes hold of this element; null where that cannot be moved.
export function loadOf(target) {
  if (!grid()?.editable || target.closest("button, input, textarea, .more, .closer")) return null;
  const card = target.closest("#map [data-card]");
  if (card) return { kind: "card", id: card.id, url: new URL(card.href).pathname, name: nameOf(card) };
  const head = target.closest("#map :is(.stage, .step, .lane)");
  const name = head?.querySelector("[data-rename]");
  if (!name) return null;
  const url = new URL(name.href).pathname.replace(/name\/$/, "");
  return { kind: head.classList[0], id: head.id, url, name: nameOf(head) };
}

export const elementOf = (load) => document.getElementById(load.id);

export function nameOf(element) {
  const text = (element.querySelector("[data-body], .name") ?? element).textContent.trim();
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const between = (others) => [
  ...others.map((anchor) => ({ anchor, side: "before" })),
  ...others.slice(-1).map((anchor) => ({ anchor, side: "after" })),
];

// The slots among siblings, and the one in which the load stands (−1 where it is not among them).
export function slotsIn(cell, load) {
  const cards = [...cell.querySelectorAll("[data-card]")].filter((card) => card.checkVisibility());
  const others = cards.filter((card) => card.id !== load.id);
  const slots = others.length ? between(others) : [{}];
  return { slots: slots.map((slot) => ({ ...slot, cell })), home: cards.findIndex((card) => card.id === load.id) };
}

export function slotsOf(load) {
  const heads = [...grid().querySelectorAll(`.${load.kind}`)];
  const self = elementOf(load);
  const slots = [];
  let home = -1;
  // Steps stand in their stages: the end of one is another place than the start of the next.
  for (const stage of new Set(heads.map((head) => head.dataset.stage))) {
    const group = heads.filter((head) => head.dataset.stage === stage);
    const others = group.filter((head) => head !== self);
    if (others.length < group.length) home = slots.length + group.indexOf(self);
    slots.push(...(others.length ? between(others) : [{ anchor: self, side: "before" }]));
  }
  return { slots, home };
}

// The slot that is meant by a point of the window; null where there is none.
export function slotAt(load, x, y) {
  const under = document.elementFromPoint(x, y);
  if (!under?.closest("#map")) return null;
  if (load.kind === "card") {
    const cell = under.closest(".cell");
    return cell && slotsIn(cell, load).slots.find(({ anchor, side }) => side !== "before" || y < middle(anchor).y);
  }
  const upright = load.kind === "lane";
  const anchor = [...grid().querySelectorAll(`.${load.kind}`)].find((head) => {
    const box = head.getBoundingClientRect();
    return upright ? box.top <= y && y < box.bottom : box.left <= x && x < box.right;
  });
  if (!anchor) return null;
  const first = upright ? y < middle(anchor).y : x < middle(anchor).x !== isRtl();
  return { anchor, side: first ? "before" : "after" };
}

function middle(element) {
  const box = element.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

export function isHome(load, slot) {
  if (slot.anchor?.id === load.id) return true;
  const { slots, home } = slot.cell ? slotsIn(slot.cell, load) : slotsOf(load);
  const at = slots.findIndex(({ anchor, side }) => anchor === slot.anchor && side === slot.side);
  // Behind one that has others behind it is before the next.
  return (at < 0 ? slots.findIndex(({ anchor }) => anchor === slot.anchor) + 1 : at) === home;
}

export function told(load, slot) {
  if (slot.cell) {
    const { slots } = slotsIn(slot.cell, load);
    const at = slots.findIndex((each) => each.anchor === slot.anchor && each.side === slot.side);
    const [, lane, step] = slot.cell.id.split("-");
    const where = [`lane-${lane}`, `step-${step}`].map((id) => nameOf(document.getElementById(id))).join(", ");
    return `${where}, place ${at + 1} of ${slots.length}`;
  }
  return slot.anchor.id === load.id ? "where it was" : `${slot.side} ${nameOf(slot.anchor)}`;
}

// Shows where the load would go: a bar in the gap, or a frame around an empty cell.
export function show(load, slot) {
  hide();
  if (!slot) return;
  const mark = document.createElement("div");
  const work = document.getElementById("content");
  mark.className = slot.anchor ? "gap" : "gap gap--cell";
  const [top, left, width, height] = slot.anchor ? bar(load, slot) : around(slot.cell);
  const from = work.getBoundingClientRect();
  mark.style.top = `${top - from.top + work.scrollTop}px`;
  mark.style.left = `${left - from.left + work.scrollLeft}px`;
  mark.style.width = `${width}px`;
  mark.style.height = `${height}px`;
  work.append(mark);
}

export function hide() {
  document.querySelector(".gap")?.remove();
}

function around(cell) {
  const box = cell.getBoundingClientRect();
  return [box.top + 3, box.left + 3, box.width - 7, box.height - 7];
}

function bar(load, { anchor, side }) {
  const box = anchor.getBoundingClientRect();
  if (load.kind === "card") return [side === "before" ? box.top - 5 : box.bottom + 2, box.left, box.width, 3];
  const map = grid().getBoundingClientRect();
  if (load.kind === "lane") return [(side === "before" ? box.top : box.bottom) - 2, box.left, map.right - box.left, 3];
  const left = (side === "before") === isRtl() ? box.right : box.left;
  return [box.top, left - 2, 3, map.bottom - box.top];
}

export function drop(load, slot) {
  hide();
  if (!slot || isHome(load, slot)) return say(`${load.name}: left where it was.`);
  const values = slot.anchor ? { [slot.side]: numberOf(slot.anchor) } : {};
  if (slot.cell) [, values.lane, values.step] = slot.cell.id.split("-");
  const swap = slot.cell ? "none" : "outerHTML";
  const text = `${load.name}: moved, ${told(load, slot)}.`;
  whenQuiet(() => {
    window.htmx
      .ajax("POST", `${load.url}move/`, { source: grid(), target: grid(), swap, values })
      .then(() => {
        const moved = elementOf(load);
        stopIn(moved)?.focus({ preventScroll: true });
        moved?.scrollIntoView({ block: "nearest", inline: "nearest" });
      })
      .catch(() => {});
  });
  document.addEventListener("map:saved", () => queueMicrotask(() => say(text)), { once: true });
}

export function duplicate(load) {
  const swap = load.kind === "card" ? "none" : "outerHTML";
  whenQuiet(() => window.htmx.ajax("POST", `${load.url}duplicate/`, { source: grid(), target: grid(), swap }).catch(() => {}));
}
