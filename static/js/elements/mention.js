// <jm-mention data-url="…">: after “@” names of colleagues are offered under the text. Arrow keys choose, Enter or Tab
// takes one, Esc leaves it as it is. Without this script a name or an address that is typed means the same.
const ASKED = /(^|[^\p{L}\p{N}_@.+-])@([^\s@]{0,60}(?: [^\s@]{1,60})?)$/u;
const SOON = 120; // milliseconds

class Mention extends HTMLElement {
  connectedCallback() {
    this.area = this.querySelector("textarea");
    this.list = this.querySelector("[role=listbox]");
    this.area.setAttribute("aria-autocomplete", "list");
    this.area.setAttribute("aria-controls", this.list.id);
    this.area.addEventListener("input", () => this.later());
    this.area.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.take(option);
    });
  }

  get options() {
    return this.list.hidden ? [] : [...this.list.querySelectorAll("[role=option]")];
  }

  // What stands between the sign and the caret; null where nobody is being mentioned.
  asked() {
    const { value, selectionStart, selectionEnd } = this.area;
    if (selectionStart !== selectionEnd) return null;
    return ASKED.exec(value.slice(0, selectionStart))?.[2] ?? null;
  }

  later() {
    clearTimeout(this.timer);
    if (this.asked() === null) return this.close();
    this.timer = setTimeout(() => this.find(), SOON);
  }

  async find() {
    const asked = this.asked();
    if (asked === null) return this.close();
    const answer = await fetch(`${this.dataset.url}?q=${encodeURIComponent(asked)}`).catch(() => null);
    if (!answer?.ok || this.asked() !== asked) return;
    this.list.innerHTML = await answer.text();
    this.list.hidden = !this.list.firstElementChild;
    if (this.list.hidden) this.close();
    else this.choose(this.options[0]);
  }

  choose(option) {
    for (const each of this.options) each.ariaSelected = String(each === option);
    this.area.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.list.hidden = true;
    this.list.replaceChildren();
    this.area.removeAttribute("aria-activedescendant");
  }

  take(option) {
    const { selectionStart } = this.area;
    const start = selectionStart - this.asked().length;
    this.area.setRangeText(`${option.dataset.name} `, start, selectionStart, "end");
    this.close();
    this.area.focus();
    this.area.dispatchEvent(new Event("change", { bubbles: true }));
  }

  key(event) {
    const { options } = this;
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.area.form.requestSubmit();
    else if (!options.length) return;
    else {
      const at = options.findIndex((option) => option.ariaSelected === "true");
      if (event.key === "ArrowDown") this.choose(options[(at + 1) % options.length]);
      else if (event.key === "ArrowUp") this.choose(options.at(at - 1));
      else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) this.take(options[at]);
      else if (event.key === "Escape") this.close();
      else return;
      event.stopPropagation();
    }
    event.preventDefault();
  }
}

customElements.define("jm-mention", Mention);
