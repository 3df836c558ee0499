// <map-board>: maps are dragged from one column to another, or carried with the keyboard: Space, arrows, Space.
// Either way the card's own form is sent, the one that works without this.
class MapBoard extends HTMLElement {
  connectedCallback() {
    for (const button of this.querySelectorAll("[data-without-script]")) button.hidden = true;
    this.columns = [...this.querySelectorAll("[data-status]")];
    this.addEventListener("change", (event) => event.target.form?.requestSubmit());
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusout", () => this.leave());
    for (const kind of ["dragstart", "dragover", "dragend", "drop"]) this.addEventListener(kind, (event) => this[kind](event));
  }

  // --- With the mouse ---

  dragstart(event) {
    this.dragged = event.target.closest(".board__card");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged.querySelector("a").textContent);
    this.dragged.dataset.dragged = "";
  }

  dragover(event) {
    const column = event.target.closest("[data-status]");
    if (!this.dragged || !column) return;
    event.preventDefault();
    this.mark(column);
  }

  dragend() {
    delete this.dragged?.dataset.dragged;
    this.dragged = null;
    this.mark(null);
  }

  drop(event) {
    const column = event.target.closest("[data-status]");
    if (!this.dragged || !column) return;
    event.preventDefault();
    this.put(this.dragged, column);
  }

  // --- With the keyboard ---

  key(event) {
    const card = event.target.matches(".board__name") && event.target.closest(".board__card");
    if (!card || !card.draggable) return;
    if (event.key === " ") {
      event.preventDefault();
      if (this.held) this.release(card);
      else this.hold(card);
    } else if (this.held && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      event.preventDefault();
      const forward = (event.key === "ArrowRight") === (getComputedStyle(this).direction === "ltr");
      const next = this.columns[this.columns.indexOf(this.target) + (forward ? 1 : -1)];
      if (!next) return;
      this.mark(next);
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.say(`Over ${next.dataset.name}.`);
    } else if (this.held && event.key === "Escape") {
      this.leave();
      this.say("Left where it was.");
    }
  }

  hold(card) {
    this.held = card;
    card.dataset.held = "";
    this.mark(card.closest("[data-status]"));
    this.say(`${card.querySelector("a").textContent} picked up. ${this.target.dataset.name}.`);
  }

  release(card) {
    const column = this.target;
    this.leave();
    this.put(card, column);
  }

  leave() {
    if (!this.held) return;
    delete this.held.dataset.held;
    this.held = null;
    this.mark(null);
  }

  // --- Both ---

  put(card, column) {
    const status = card.querySelector("[name=status]");
    if (status.value === column.dataset.status) return this.say("Left where it was.");
    status.value = column.dataset.status;
    this.say(`Put into ${column.dataset.name}.`);
    status.form.requestSubmit();
  }

  mark(column) {
    if (this.target) delete this.target.dataset.over;
    this.target = column;
    if (column) column.dataset.over = "";
  }

  say(text) {
    const says = document.getElementById("board-says");
    if (says) says.textContent = text;
  }
}

customElements.define("map-board", MapBoard);
