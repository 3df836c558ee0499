// <map-undo>: its two forms take back and do again. Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y) press their buttons, unless
// somebody is typing, where the browser's own undo belongs. What the server answers says how things stand afterwards.
import { isQuiet, whenQuiet } from "./map-requests.js";

class MapUndo extends HTMLElement {
  connectedCallback() {
    this.gone = new AbortController();
    const { signal } = this.gone;
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    // A change of one's own can be taken back, and ends what could be done again.
    document.addEventListener("map:saved", (event) => !this.contains(event.target) && this.changed(), { signal });
    document.addEventListener("map:kept", () => this.changed(), { signal });
    this.addEventListener("submit", (event) => this.submit(event), { signal, capture: true });
  }

  disconnectedCallback() {
    this.gone.abort();
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    event.preventDefault();
    press(key === "y" || event.shiftKey ? "redo" : "undo");
  }

  // A save that is on its way is what somebody wants to take back first.
  submit(event) {
    if (isQuiet()) return;
    event.preventDefault();
    event.stopPropagation();
    press(event.target.dataset.step);
  }

  changed() {
    const [undo, redo] = this.querySelectorAll("button");
    undo.removeAttribute("aria-disabled");
    undo.title = "Undo (Ctrl Z)";
    redo.setAttribute("aria-disabled", "true");
    redo.title = "Nothing of yours to redo";
    this.querySelector("[name=before]")?.remove();
  }
}

// The buttons are drawn anew by every answer, so they are looked for when their turn has come.
function press(step) {
  whenQuiet(() => {
    const form = document.querySelector(`map-undo [data-step=${step}]`);
    if (!form) return;
    window.htmx.process(form); // which htmx itself does a moment after it has put it there
    form.requestSubmit();
  });
}

customElements.define("map-undo", MapUndo);
