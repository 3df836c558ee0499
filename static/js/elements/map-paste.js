// Pasting on a cell that has the focus. One line of text opens there as a new card; a range of a spreadsheet (tabs or
// line breaks) is sent for a preview, which opens in the dialog of the map and asks before anything is written.
document.addEventListener("paste", (event) => {
  const cell = document.activeElement?.closest("map-grid [role=gridcell]");
  const text = event.clipboardData?.getData("text/plain").replace(/\r\n?|\n$/g, (end) => (end === "\n" ? "" : "\n"));
  if (!cell || !text?.trim() || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const grid = cell.closest("map-grid");
  if (!grid.editable) return;
  event.preventDefault();
  const ghost = cell.querySelector("[data-new]");
  if (!/[\t\n]/.test(text.trim()) && ghost) grid.write(ghost, text.trim());
  else preview(cell, text);
});

function preview(cell, text) {
  const [, lane, step] = cell.id.split("-");
  const base = location.pathname.replace(/(\/maps\/\d+\/).*/, "$1");
  const dialog = document.getElementById("map-dialog");
  window.htmx
    .ajax("POST", `${base}paste/`, { source: dialog, target: dialog, swap: "innerHTML", values: { lane, step, text } })
    .catch(() => {});
}
