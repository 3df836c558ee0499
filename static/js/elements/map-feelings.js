// Points of the emotion curve as sliders. Arrows pass them by, as everything on the map: Enter or Space goes in, then ↑
// and ↓ change the score, Enter keeps it and Esc takes it back. Dragging up and down changes it too; a click opens its
// menu, as it does without this script. A score is sent in the version that it started from, after a moment of rest.
import { say } from "./map-places.js";
import { isQuiet, whenQuiet } from "./map-requests.js";
import { swallowClick } from "./swallow-click.js";

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
let inside = null; // { id: of the cell, from: the score on going in }
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
  if (inside) pointIn(inside.id)?.toggleAttribute("data-inside", true);
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
  if (!point || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const { id } = cellOf(point);
  if (inside?.id !== id) {
    if (event.key !== "Enter" && event.key !== " ") return;
    enter(point);
  } else if (event.key === "Enter" || event.key === " ") leave();
  else if (event.key === "Escape") {
    const { from } = inside;
    leave();
    set(point, from);
  } else if (!turn(point, event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });

function enter(point) {
  inside = { id: cellOf(point).id, from: Number(point.ariaValueNow) };
  point.toggleAttribute("data-inside", true);
  say(`${point.ariaValueText}: up and down arrow change it, Enter keeps it, Escape takes it back.`);
}

function leave() {
  const point = pointIn(inside.id);
  inside = null;
  point?.removeAttribute("data-inside");
  if (point) say(point.ariaValueText);
}

function turn(point, key) {
  const now = Number(point.ariaValueNow);
  const score = { ArrowUp: now + 1, ArrowDown: now - 1, Home: -2, End: 2 }[key];
  if (score === undefined) return false;
  set(point, within(score));
  return true;
}

function set(point, score) {
  if (score !== Number(point.ariaValueNow)) change(point, score);
}

// Whoever goes elsewhere has kept it. A row that is drawn anew gives the focus back to the same cell.
document.addEventListener("focusin", (event) => inside && event.target.closest("[role=gridcell]")?.id !== inside.id && leave());

document.addEventListener("pointerdown", (event) => {
  const point = event.target.closest("#map [role=slider]");
  if (inside) leave();
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
  swallowClick();
  const score = Number(point.ariaValueNow);
  if (!keep || score === from) return draw(point, from);
  point.focus({ preventScroll: true });
  change(point, score);
  say(point.ariaValueText);
}

document.addEventListener("htmx:afterSettle", upgrade);
upgrade();
