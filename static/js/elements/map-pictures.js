// Pictures that are dropped or pasted on a cell of a lane for pictures: the dialog that asks what is to be seen opens with
// the file in it.
import { openDialog } from "./map-sheet.js";

const CELL = "map-grid [role=gridcell]:has([data-picture])";
let over = null;

const pictureOf = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

function mark(cell) {
  if (over) delete over.dataset.over;
  over = cell;
  if (cell) cell.dataset.over = "";
}

async function offer(cell, file) {
  await openDialog(cell.querySelector("[data-picture]").href);
  const input = document.querySelector("#map-dialog input[type=file]");
  if (!input) return;
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  document.querySelector("#map-dialog [name=body]")?.focus();
}

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  mark(event.target.closest?.(CELL) ?? null);
  if (over) event.preventDefault();
});

document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) mark(null);
});

document.addEventListener("drop", (event) => {
  const cell = carriesFiles(event) && event.target.closest?.(CELL);
  mark(null);
  if (!cell) return;
  event.preventDefault();
  const file = pictureOf(event.dataTransfer);
  if (file) offer(cell, file);
  else document.dispatchEvent(new CustomEvent("jm:toast", { detail: { text: "This is no picture.", tone: "bad", key: "picture" } }));
});

document.addEventListener("paste", (event) => {
  const cell = document.activeElement?.closest(CELL);
  const file = pictureOf(event.clipboardData);
  if (!cell || !file || event.defaultPrevented) return;
  event.preventDefault();
  offer(cell, file);
});
