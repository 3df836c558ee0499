// <jm-auto-submit><form>…</form></jm-auto-submit>: sends the form when something in it changes.
// data-delay (ms, 250) waits for the last of several changes; typing in a search field counts as a change.
// A button inside marked data-without-script is for pages without script and is hidden here.
class AutoSubmit extends HTMLElement {
  connectedCallback() {
    for (const button of this.querySelectorAll("[data-without-script]")) button.hidden = true;
    this.addEventListener("change", (event) => this.later(event.target));
    this.addEventListener("input", (event) => {
      if (event.target.type === "search") this.later(event.target);
    });
    this.addEventListener("submit", () => clearTimeout(this.timer));
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  later(field) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (field.form?.reportValidity()) field.form.requestSubmit();
    }, Number(this.dataset.delay ?? 250));
  }
}

customElements.define("jm-auto-submit", AutoSubmit);
