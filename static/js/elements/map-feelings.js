// Points of the emotion curve as sliders: ↑ and ↓, or dragging up and down, change the score; Enter and a click open
// its menu, as they do without this script. A score is sent in the version that it started from, after a moment of rest.
import { say } from "./map-places.js";
import { isQuiet, whenQuiet } from "./map-requests.js";

const REST = 400;
const SLACK = 4;
const HEIGHT = 156; // as maps/curve.py draws it
const STEP = 27;
const waiting = new Map(); // id of the cell → score that has not been sent

const signed = (score) => (score < 0 ? "−" : score ? "+" : "") + Math.abs(score);
const toneOf = (score) => (score > 0 ? "pos" : score ? "neg" : "mid");
const within = (score) => Math.max(-2, Math.min(2, score));
const cellOf = (point) => point.closest("[role=gridcell]");
let resting = 0;
let drag = null; // { point, from, at: where it was pressed, moved }

// A link cannot be a slider, so it keeps its address elsewhere.
function upgrade() {
  for (const point of document.querySelectorAll("a.pt[href]")) {
    point.dataset.href = point.getAttribute("href");
    point.removeAttribute("href");
    for (const [name, value] of [["role", "slider"], ["aria-orientation", "vertical"], ["aria-valuemin", -2], ["aria-valuemax", 2]]) {
      point.setAttribute(name, value);
    }
    point.setAttribute("aria-label", `Feeling at ${point.dataset.step}`);
    draw(point, Number(point.dataset.score));
  }
  // What was changed while an earlier change was on its way stands on a part of the page that has been drawn anew.
  for (const [id, score] of waiting) {
    const point = pointIn(id);
    if (point && Number(point.ariaValueNow) !== score) draw(point, score);
  }
}

const pointIn = (id) => document.getElementById(id)?.querySelector("[role=slider]");

function draw(point, score) {
  const { step, label } = point.dataset;
  point.ariaValueNow = String(score);
  point.ariaValueText = [step, signed(score), label].filter(Boolean).join(", ");
  point.style.setProperty("--y", `${((HEIGHT / 2 - STEP * score) / HEIGHT) * 100}%`);
  point.classList.remove("pt--pos", "pt--mid", "pt--neg");
  point.classList.add(`pt--${toneOf(score)}`);
  point.querySelector("b").textContent = signed(score);
}

function change(point, score) {
  draw(point, score);
  waiting.set(cellOf(point).id, score);
  clearTimeout(resting);
  resting = setTimeout(send, REST);
}

function send() {
  clearTimeout(resting);
  if (!isQuiet()) return whenQuiet(send);
  const [[id, score] = []] = waiting;
  const point = id && pointIn(id);
  waiting.delete(id);
  if (!point) return;
  const { href, label, version, score: known } = point.dataset;
  if (Number(known) === score) return waiting.size && send();
  const row = point.closest("[role=row]");
  const values = { score, label, version };
  window.htmx.ajax("POST", href, { source: row, target: row, swap: "outerHTML", values }).catch(() => {});
  whenQuiet(() => waiting.size && send());
}

document.addEventListener("keydown", (event) => {
  const point = event.target.closest?.("#map [role=slider]");
  const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!point || !by || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  const score = within(Number(point.ariaValueNow) + by);
  if (score !== Number(point.ariaValueNow)) change(point, score);
}, { capture: true });

document.addEventListener("pointerdown", (event) => {
  const point = event.target.closest("#map [role=slider]");
  if (!point || event.button || !event.isPrimary) return;
  drag = { point, pointer: event.pointerId, from: Number(point.ariaValueNow), at: event.clientY, moved: false };
});
document.addEventListener("pointermove", (event) => {
  if (drag?.pointer !== event.pointerId) return;
  drag.moved ||= Math.abs(event.clientY - drag.at) > SLACK;
  if (!drag.moved) return;
  clearTimeout(resting);
  document.body.classList.add("dragging");
  draw(drag.point, within(drag.from - Math.round((event.clientY - drag.at) / STEP)));
});
document.addEventListener("pointerup", () => drag && letGo(true));
document.addEventListener("pointercancel", () => drag && letGo(false));
document.addEventListener("keydown", (event) => {
  if (drag?.moved && event.key === "Escape") letGo(false);
}, { capture: true });

function letGo(keep) {
  const { point, from, moved } = drag;
  drag = null;
  document.body.classList.remove("dragging");
  if (!moved) return;
  // A drag that ends is no click, which would open the menu.
  const stop = (event) => (event.preventDefault(), event.stopPropagation());
  addEventListener("click", stop, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", stop, { capture: true }));
  const score = Number(point.ariaValueNow);
  if (!keep || score === from) return draw(point, from);
  point.focus({ preventScroll: true });
  change(point, score);
  say(point.ariaValueText);
}

document.addEventListener("htmx:afterSettle", upgrade);
upgrade();
