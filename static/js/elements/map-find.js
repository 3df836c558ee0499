// <map-find>: “/” finds in the map. Matches are marked as one types, without touching the page; Enter and Shift+Enter
// go from one to the next, Esc ends it and leaves the focus at the match.
const MOST = 2000;
const TEXTS = "#map :is([data-body], .name, .pt__l bdi)";

class MapFind extends HTMLElement {
  connectedCallback() {
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.input = this.querySelector("input");
    this.count = this.querySelector("output");
    this.hits = [];
    this.at = -1;
    this.hidden = !CSS.highlights;
    document.addEventListener("keydown", (event) => this.summon(event), { signal });
    document.addEventListener("htmx:afterSettle", () => this.input.value && this.search(), { signal });
    this.input.addEventListener("input", () => this.search(true));
    this.addEventListener("keydown", (event) => this.key(event));
  }

  disconnectedCallback() {
    this.gone.abort();
  }

  summon(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    event.preventDefault();
    this.input.focus();
    this.input.select();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") this.go(this.at + (event.shiftKey ? -1 : 1));
    else if (event.key === "Escape") this.leave();
    else return;
    event.preventDefault();
  }

  search(fresh = false) {
    const wanted = fold(this.input.value.trim());
    this.hits = wanted ? matches(wanted) : [];
    if (fresh) this.at = -1;
    CSS.highlights.set("found", new Highlight(...this.hits));
    if (fresh && this.hits.length) this.go(0);
    else this.tell();
  }

  go(to) {
    if (!this.hits.length) return this.tell();
    this.at = (to + this.hits.length) % this.hits.length;
    const hit = this.hits[this.at];
    CSS.highlights.set("found-here", new Highlight(hit));
    hit.startContainer.parentElement.closest("[data-stop]").scrollIntoView({ block: "nearest", inline: "nearest" });
    this.tell();
  }

  tell() {
    const { length } = this.hits;
    if (!length) CSS.highlights.delete("found-here");
    const many = length === MOST ? `${MOST}+` : length;
    this.count.textContent = !this.input.value.trim() ? "" : length ? `${this.at + 1} of ${many}` : "Nothing found";
  }

  leave() {
    const stop = this.hits[this.at]?.startContainer.parentElement?.closest("[data-stop]");
    this.input.value = "";
    this.search(true);
    (stop ?? document.querySelector("#map [data-stop][tabindex='0']"))?.focus();
  }
}

// Case and accents do not matter. Letters that fold to another length keep their own.
function fold(text) {
  return [...text].map((letter) => {
    const plain = letter.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return plain.length === letter.length ? plain : letter;
  }).join("");
}

function matches(wanted) {
  const found = [];
  for (const element of document.querySelectorAll(TEXTS)) {
    const node = element.firstChild;
    if (node?.nodeType !== Node.TEXT_NODE) continue;
    const text = fold(node.data);
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      if (found.push(range) === MOST) return found;
    }
  }
  return found;
}

customElements.define("map-find", MapFind);
