// <jm-toast>: goes away by itself after a while, unless it must be read (data-stay), is pointed at or holds the focus.
// Any script may ask for one: document.dispatchEvent(new CustomEvent("jm:toast", { detail: { text, tone, action, onAction } })).
const SECONDS = 6;

class Toast extends HTMLElement {
  connectedCallback() {
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn--ghost btn--icon";
    close.setAttribute("aria-label", "Close");
    close.textContent = "×";
    close.addEventListener("click", () => this.remove());
    this.append(close);
    if ("stay" in this.dataset) return;
    this.start();
    this.addEventListener("pointerenter", () => clearTimeout(this.timer));
    this.addEventListener("pointerleave", () => this.start());
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  start() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.matches(":focus-within") ? this.start() : this.remove()), SECONDS * 1000);
  }
}

customElements.define("jm-toast", Toast);

document.addEventListener("jm:toast", ({ detail: { text, tone = "", action, onAction, key } }) => {
  const region = document.getElementById("messages");
  if (!region) return;
  if (key) region.querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
  const toast = document.createElement("jm-toast");
  toast.className = tone ? `toast toast--${tone}` : "toast";
  if (tone === "bad") toast.dataset.stay = "";
  if (key) toast.dataset.key = key;
  const words = document.createElement("span");
  words.className = "toast__text";
  words.textContent = text;
  toast.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn--s";
    button.textContent = action;
    button.addEventListener("click", () => {
      toast.remove();
      onAction();
    });
    toast.append(button);
  }
  region.append(toast);
});
