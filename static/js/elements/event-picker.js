// <jm-event-picker popover data-url="…?for=start" [data-cut]>: a list of checkboxes that is searched while one types.
// With data-cut the list holds only the most frequent names, and the others are fetched from data-url.
// Arrow keys walk the list, Enter in the search field ticks the first name that is left.
class EventPicker extends HTMLElement {
  connectedCallback() {
    this.search = this.querySelector("[type=search]");
    this.list = this.querySelector("ul");
    this.none = this.querySelector(".pick__none");
    this.search.addEventListener("input", () => this.find());
    // What is typed here is no part of the question.
    this.search.addEventListener("change", (event) => event.stopPropagation());
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("toggle", (event) => this.opened(event.newState === "open"));
  }

  opened(open) {
    if (open) this.search.focus({ preventScroll: true });
    else if (this.search.value) {
      this.search.value = "";
      this.find();
    }
  }

  find() {
    const words = this.search.value.trim().toLowerCase();
    for (const item of this.list.children) {
      const name = item.querySelector("input").value.toLowerCase();
      item.hidden = Boolean(words) && !name.includes(words);
    }
    this.none.hidden = this.shown().length > 0;
    if (!("cut" in this.dataset) || !words) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(words), 150);
  }

  async fetch(words) {
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const url = `${this.dataset.url}&q=${encodeURIComponent(words)}`;
      const answer = await fetch(url, { signal: this.asked.signal, headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const known = new Set([...this.list.querySelectorAll("input")].map((input) => input.value));
      const found = new DOMParser().parseFromString(`<ul>${await answer.text()}</ul>`, "text/html");
      for (const item of [...found.querySelectorAll("li")]) {
        if (!known.has(item.querySelector("input").value)) this.list.append(item);
      }
      this.none.hidden = this.shown().length > 0;
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  shown() {
    return [...this.list.children].filter((item) => !item.hidden).map((item) => item.querySelector("input"));
  }

  key(event) {
    const inputs = this.shown();
    if (event.key === "Enter" && event.target === this.search) {
      event.preventDefault();
      if (this.search.value) inputs[0]?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const place = inputs.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      (inputs[place] ?? this.search).focus();
    }
  }
}

customElements.define("jm-event-picker", EventPicker);
