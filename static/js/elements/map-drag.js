// Moving with the pointer: a mouse drags at once, a finger after a long press, so that it can still scroll. What is
// dragged follows, the gap where it would go is shown, and dropped anywhere else it stays where it was.
import { drop, elementOf, hide, loadOf, say, show, slotAt } from "./map-places.js";
import { swallowClick } from "./swallow-click.js";

const SLACK = 5; // pixels that a hand trembles
const PRESS = 400; // milliseconds
const EDGE = 48; // pixels from the edge of the work area within which it scrolls

let start = null; // { load, x, y, pointer, touch, timer }: pressed, not dragging yet
let drag = null; // { load, ghost, dx, dy, x, y, pointer, slot }

document.addEventListener("pointerdown", (event) => {
  forget();
  if (event.button || !event.isPrimary || event.ctrlKey || event.shiftKey || event.metaKey) return;
  const load = loadOf(event.target);
  if (!load) return;
  const touch = event.pointerType !== "mouse";
  start = { load, x: event.clientX, y: event.clientY, pointer: event.pointerId, touch };
  if (touch) start.timer = setTimeout(lift, PRESS);
});

document.addEventListener("pointermove", (event) => {
  if (drag?.pointer === event.pointerId) return follow(event.clientX, event.clientY);
  if (start?.pointer !== event.pointerId) return;
  const far = Math.hypot(event.clientX - start.x, event.clientY - start.y) > SLACK;
  if (far && start.touch) forget();
  else if (far) {
    lift();
    follow(event.clientX, event.clientY);
  }
});

document.addEventListener("pointerup", (event) => {
  forget();
  if (drag?.pointer !== event.pointerId) return;
  const { load, slot } = drag;
  end();
  swallowClick();
  drop(load, slot);
});
document.addEventListener("pointercancel", () => {
  forget();
  if (drag) leave();
});
document.addEventListener("keydown", (event) => {
  if (!drag || event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  swallowClick();
  leave();
}, { capture: true });
document.addEventListener("dragstart", (event) => event.target.closest?.("map-grid") && event.preventDefault());
document.addEventListener("contextmenu", (event) => (drag || start?.touch) && event.preventDefault());
document.addEventListener("touchmove", (event) => drag && event.cancelable && event.preventDefault(), { passive: false });

function forget() {
  clearTimeout(start?.timer);
  start = null;
}

function lift() {
  const { load, x, y, pointer } = start;
  forget();
  const element = elementOf(load);
  if (!element) return;
  const box = element.getBoundingClientRect();
  const ghost = element.cloneNode(true);
  ghost.removeAttribute("id");
  ghost.inert = true;
  ghost.classList.add("dragged");
  ghost.style.width = `${box.width}px`;
  document.body.append(ghost);
  element.classList.add("carried");
  document.body.classList.add("dragging");
  getSelection().removeAllRanges();
  drag = { load, ghost, dx: box.left - x, dy: box.top - y, pointer };
  say(`${load.name}: picked up.`);
  follow(x, y);
  requestAnimationFrame(scroll);
}

function follow(x, y) {
  Object.assign(drag, { x, y });
  drag.ghost.style.translate = `${x + drag.dx}px ${y + drag.dy}px`;
  drag.slot = slotAt(drag.load, x, y);
  show(drag.load, drag.slot);
}

// Near an edge the map moves along, faster the nearer.
function scroll() {
  if (!drag) return;
  const work = document.getElementById("content");
  const box = work.getBoundingClientRect();
  const push = (at, low, high) => Math.max(0, at - (high - EDGE)) / 3 - Math.max(0, low + EDGE - at) / 3;
  const before = [work.scrollLeft, work.scrollTop];
  work.scrollBy(push(drag.x, box.left, box.right), push(drag.y, box.top, box.bottom));
  if (work.scrollLeft !== before[0] || work.scrollTop !== before[1]) follow(drag.x, drag.y);
  requestAnimationFrame(scroll);
}

function leave() {
  const { load } = drag;
  end();
  say(`${load.name}: left where it was.`);
}

function end() {
  drag.ghost.remove();
  elementOf(drag.load)?.classList.remove("carried");
  document.body.classList.remove("dragging");
  hide();
  drag = null;
}
