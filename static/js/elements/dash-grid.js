// <jm-dash-grid>: tiles are dragged by their grip to another place and by their corner to another size; on the grip arrow keys
// move, and with Shift resize. Each change is sent to the tile's own address, which its menu uses without this script.
class DashGrid extends HTMLElement {
  connectedCallback() {
    for (const grip of this.querySelectorAll("[data-script]")) grip.hidden = false;
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("pointerdown", (event) => this.grab(event));
    for (const kind of ["dragstart", "dragover", "dragend", "drop"]) this.addEventListener(kind, (event) => this[kind](event));
  }

  get tiles() {
    return [...this.querySelectorAll("[data-tile]")];
  }

  send(tile, values, said) {
    window.htmx.ajax("POST", tile.dataset.href, { target: "#dash", swap: "outerHTML", values }).then(() => {
      document.getElementById("dash-says").textContent = said;
    }, () => {});
  }

  // --- With the keyboard ---

  key(event) {
    const tile = event.target.matches(".dash__grip") && event.target.closest("[data-tile]");
    if (!tile || event.ctrlKey || event.altKey || event.metaKey) return;
    const name = tile.querySelector("h2").textContent.trim();
    const forward = getComputedStyle(this).direction === "ltr" ? "ArrowRight" : "ArrowLeft";
    const back = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    const moves = { [back]: "earlier", ArrowUp: "earlier", [forward]: "later", ArrowDown: "later" };
    const sizes = { [back]: "narrower", ArrowUp: "shorter", [forward]: "wider", ArrowDown: "taller" };
    const action = (event.shiftKey ? sizes : moves)[event.key];
    if (!action) return;
    event.preventDefault();
    this.send(tile, { action }, `${name}: ${action}.`);
  }

  // --- Dragged to another place ---

  dragstart(event) {
    const tile = event.target.closest(".dash__grip")?.closest("[data-tile]");
    if (!tile) return event.preventDefault();
    this.dragged = tile;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", tile.querySelector("h2").textContent.trim());
    event.dataTransfer.setDragImage(tile, tile.offsetWidth - 40, 20);
    tile.dataset.dragged = "";
  }

  dragover(event) {
    const over = event.target.closest("[data-tile]");
    if (!this.dragged || !over) return;
    event.preventDefault();
    for (const tile of this.tiles) tile.toggleAttribute("data-over", tile === over && tile !== this.dragged);
  }

  dragend() {
    for (const tile of this.tiles) tile.removeAttribute("data-over");
    delete this.dragged?.dataset.dragged;
    this.dragged = null;
  }

  drop(event) {
    const over = event.target.closest("[data-tile]");
    if (!this.dragged || !over) return;
    event.preventDefault();
    if (over !== this.dragged) this.send(this.dragged, { to: this.tiles.indexOf(over) }, "Moved.");
  }

  // --- Dragged to another size ---

  grab(event) {
    const corner = event.target.closest("[data-corner]");
    if (!corner || event.button) return;
    event.preventDefault();
    const tile = corner.closest("[data-tile]");
    const { width, height } = tile.dataset;
    const box = tile.getBoundingClientRect();
    const unit = { x: box.width / Number(width), y: box.height / Number(height) };
    const ltr = getComputedStyle(this).direction === "ltr";
    corner.setPointerCapture(event.pointerId);
    corner.onpointermove = (move) => {
      const wide = ltr ? move.clientX - box.left : box.right - move.clientX;
      tile.dataset.width = Math.min(4, Math.max(1, Math.round(wide / unit.x)));
      tile.dataset.height = Math.min(6, Math.max(1, Math.round((move.clientY - box.top) / unit.y)));
    };
    corner.onpointercancel = () => {
      corner.onpointermove = corner.onpointerup = null;
      Object.assign(tile.dataset, { width, height });
    };
    corner.onpointerup = () => {
      corner.onpointermove = corner.onpointerup = null;
      const now = { width: tile.dataset.width, height: tile.dataset.height };
      if (now.width !== width || now.height !== height) this.send(tile, now, `Now ${now.width} wide and ${now.height} high.`);
    };
  }
}

customElements.define("jm-dash-grid", DashGrid);
