// <jm-copy data-text="…"> or <jm-copy data-from="#id">, around a button: puts the text on the clipboard and says so.
class Copy extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async (event) => {
      if (!event.target.closest("button")) return;
      const from = this.dataset.from && document.querySelector(this.dataset.from);
      const text = from ? (from.value ?? from.textContent.trim()) : (this.dataset.text ?? "");
      let detail = { text: "Copied.", tone: "good" };
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        from?.select?.();
        detail = { text: "The browser does not allow copying here. Select the text and press Ctrl C.", tone: "warn" };
      }
      document.dispatchEvent(new CustomEvent("jm:toast", { detail }));
    });
  }
}

customElements.define("jm-copy", Copy);
