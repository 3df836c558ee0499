// The clipboard on a map. Copied is the card that has the focus, as a text for others and as a card for maps, also those in
// other tabs. Pasted on a cell, a card is put there as a copy; one line of text opens as a new card; a range of a
// spreadsheet (tabs or line breaks) is sent for a preview, which asks in the dialog before anything is written.
import { base } from "./map-here.js";
import { whenQuiet } from "./map-requests.js";
import { say } from "./map-places.js";

const CARD = "application/x-journeymap-card"; // maps/clipboard.py reads it
const TYPING = "input, textarea, select, [contenteditable]";

document.addEventListener("copy", (event) => {
  const card = document.activeElement?.closest("#map [data-card]");
  if (!card || event.defaultPrevented || !getSelection().isCollapsed) return;
  event.preventDefault();
  const body = card.querySelector("[data-body]").textContent;
  event.clipboardData.setData("text/plain", body);
  event.clipboardData.setData(CARD, JSON.stringify({ format: "journeymap-card", card: Number(card.id.split("-")[1]), body }));
  say(`Copied: ${body.slice(0, 60)}`);
});

document.addEventListener("paste", (event) => {
  const cell = document.activeElement?.closest("map-grid [role=gridcell]");
  if (!cell || !event.clipboardData || event.defaultPrevented || event.target.closest(TYPING)) return;
  const copied = event.clipboardData.getData(CARD);
  const text = event.clipboardData.getData("text/plain").replace(/\r\n?|\n$/g, (end) => (end === "\n" ? "" : "\n"));
  const grid = cell.closest("map-grid");
  if (!grid.editable || !(copied || text.trim())) return;
  event.preventDefault();
  const ghost = cell.querySelector("[data-new]");
  if (copied) put(cell, copied);
  else if (!/[\t\n]/.test(text.trim()) && ghost) grid.write(ghost, text.trim());
  else preview(cell, text);
});

const placeOf = (cell) => cell.id.split("-").slice(1);
const post = (path, options) => window.htmx.ajax("POST", `${base()}${path}`, options).catch(() => {});

function put(cell, copied) {
  const [lane, step] = placeOf(cell);
  const grid = document.getElementById("map");
  whenQuiet(() => post(`cells/${lane}/${step}/paste/`, { source: grid, target: grid, swap: "none", values: { copied } }));
}

function preview(cell, text) {
  const [lane, step] = placeOf(cell);
  const dialog = document.getElementById("map-dialog");
  post("paste/", { source: dialog, target: dialog, swap: "innerHTML", values: { lane, step, text } });
}
