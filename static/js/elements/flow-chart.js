// <jm-flow-chart>: lights what comes into and goes out of the node under the pointer or the focus, and lets arrow keys walk
// the nodes (up and down in a column, left and right along the broadest ribbon). Where nodes are links and data-target names
// an element, a click puts the answer there. Without script the chart reads all the same, and links are links.
class FlowChart extends HTMLElement {
  connectedCallback() {
    this.nodes = new Map([...this.querySelectorAll(".f-n")].map((node) => [node.dataset.n, node]));
    this.links = [...this.querySelectorAll("[data-l]")].map((element) => {
      const [source, target] = element.dataset.l.split("-");
      return { element, source, target };
    });
    this.addEventListener("pointerover", (event) => {
      const end = event.target.closest(".f-e");
      this.light(end ? this.nodes.get(end.dataset.of) : event.target.closest(".f-n"));
    });
    this.addEventListener("pointerleave", () => this.light(null));
    this.addEventListener("focusin", (event) => this.light(event.target.closest(".f-n")));
    this.addEventListener("focusout", () => this.light(null));
    this.addEventListener("keydown", (event) => this.walk(event));
    this.addEventListener("click", (event) => this.open(event));
  }

  light(node) {
    if (node === this.lit) return;
    this.lit = node;
    for (const element of this.querySelectorAll("[data-on]")) element.removeAttribute("data-on");
    this.toggleAttribute("data-lit", Boolean(node));
    if (!node) return;
    const { n } = node.dataset;
    node.dataset.on = "";
    for (const end of this.querySelectorAll(`.f-e[data-of="${n}"]`)) end.dataset.on = "";
    for (const { element, source, target } of this.links) {
      if (source !== n && target !== n) continue;
      element.dataset.on = "";
      this.nodes.get(source === n ? target : source).dataset.on = "";
    }
  }

  open(event) {
    const link = event.target.closest("svg a");
    const { target } = this.dataset;
    if (!link || !target || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.htmx.ajax("GET", link.getAttribute("href"), { source: this, target });
  }

  walk(event) {
    const node = event.target.closest(".f-n");
    const next = node && this.next(node, event.key);
    if (!next) return;
    event.preventDefault();
    node.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus({ preventScroll: true });
    next.querySelector(".f-node").scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  next(node, key) {
    const { n, s } = node.dataset;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const column = [...this.nodes.values()].filter((each) => each.dataset.s === s);
      return column[column.indexOf(node) + (key === "ArrowDown" ? 1 : -1)];
    }
    // Ribbons stand in the order of their counts, so the first one found is the broadest.
    const mirrored = this.querySelector(".flow__svg").getAttribute("text-anchor") === "end";
    if (key === (mirrored ? "ArrowLeft" : "ArrowRight")) return this.nodes.get(this.links.find((link) => link.source === n)?.target);
    if (key === (mirrored ? "ArrowRight" : "ArrowLeft")) return this.nodes.get(this.links.find((link) => link.target === n)?.source);
    return undefined;
  }
}

customElements.define("jm-flow-chart", FlowChart);
