// <jm-flow-chart [data-closed=url] [data-trace=url] [data-target=selector]>: a flow that can be traced, walked and
// searched. With data-closed, the address with nothing open, ribbons and ends become links as soon as somebody comes near
// them: hundreds of addresses that differ little would make up most of the page. A node under the pointer or the focus lights what comes in and goes out at once; a moment later the server has told
// (data-trace) where exactly the paths through it run, and these stand out over all steps with their counts. Arrow keys
// walk nodes and links, Enter opens what is focused, Escape closes the panel. Where nodes are links and data-target names
// an element, a click puts the answer there. Without script the chart reads all the same, and links are links.
const DWELL = 150;
const figure = (number) => number.toLocaleString("en-US");
const share = (part, base) => {
  if (part === base) return "100\u00a0%";
  const tenths = Math.round((1000 * part) / base);
  const text = tenths < 1 ? "<0.1" : tenths > 999 ? ">99.9" : (tenths / 10).toFixed(1);
  return `${text}\u00a0%`;
};
// What had the focus in a chart that is being replaced.
let kept = "";

class FlowChart extends HTMLElement {
  connectedCallback() {
    this.svg = this.querySelector(".flow__svg");
    this.said = this.querySelector("[data-said]");
    this.nodes = new Map([...this.querySelectorAll(".f-n")].map((node) => [node.dataset.n, node]));
    this.links = [...this.querySelectorAll("[data-l]")].map((element) => {
      const [source, target] = element.dataset.l.split("-");
      return { element, source, target, count: Number(element.dataset.c) };
    });
    this.mirrored = this.svg.getAttribute("text-anchor") === "end";
    this.traces = new Map();
    this.addEventListener("pointerover", (event) => {
      const end = event.target.closest(".f-e");
      this.light(end ? this.nodes.get(end.dataset.of) : event.target.closest(".f-n"));
      const link = this.linked(end ?? event.target.closest("[data-l]"));
      if (link || !this.lit) this.say(link?.querySelector("title")?.textContent ?? "");
    });
    this.addEventListener("pointerleave", () => this.light(null));
    this.addEventListener("focusin", (event) => this.focused(event.target));
    this.addEventListener("focusout", () => this.light(null));
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("click", (event) => this.open(event));
    this.search();
    const before = kept && this.querySelector(kept);
    if (before) this.reached(before).focus({ preventScroll: true });
    kept = "";
  }

  // ---- links

  // The link of a ribbon, which lies in it, or of an end, which holds it.
  linked(thing) {
    if (!thing) return null;
    const known = thing.closest("a") ?? thing.querySelector(":scope > a");
    if (known || !this.dataset.closed) return known;
    const { params, title } = thing.dataset.l ? this.ribbon(thing) : this.end(thing);
    const link = document.createElementNS(this.svg.namespaceURI, "a");
    const { closed, picked } = { ...this.dataset, ...thing.dataset };
    link.setAttribute("href", picked === undefined ? `${closed}${closed.includes("?") ? "&" : "?"}${params}` : closed);
    link.setAttribute("tabindex", "-1");
    if (picked !== undefined) link.setAttribute("aria-current", "true");
    const words = document.createElementNS(this.svg.namespaceURI, "title");
    words.textContent = title;
    if (thing.dataset.l) {
      thing.replaceWith(link);
      thing.append(words);
      link.append(thing);
    } else {
      link.append(words, ...thing.childNodes);
      thing.append(link);
    }
    return link;
  }

  // What takes the focus for a node, a ribbon or an end.
  reached(thing) {
    return thing.matches(".f-n") ? thing : (this.linked(thing) ?? thing);
  }

  ribbon(path) {
    const [source, target] = path.dataset.l.split("-").map((n) => this.nodes.get(n));
    const params = new URLSearchParams({ set: "link" });
    const from = new URLSearchParams(source.dataset.q);
    params.set("step", from.get("step"));
    for (const [side, named] of [["source", from], ["target", new URLSearchParams(target.dataset.q)]]) {
      if (named.get("label")) params.set(side, named.get("label"));
      if (named.get("kind")) params.set(`${side}_kind`, named.get("kind"));
    }
    const [first, second] = this.mirrored ? [target, source] : [source, target];
    const { c, t } = path.dataset;
    const [median, most] = t?.split("|") ?? [];
    const part = `${share(Number(c), Number(source.dataset.c))} of ${labelOf(source)}`;
    const time = median ? `, median ${median}, 90 % within ${most}` : "";
    return { params, title: `${labelOf(first)} → ${labelOf(second)}: ${this.who(Number(c))}, ${part}${time}` };
  }

  end({ dataset: { of, e, c } }) {
    const node = this.nodes.get(of);
    const params = new URLSearchParams(`set=node&${node.dataset.q}`);
    params.set("state", e);
    const last = Math.max(...[...this.nodes.values()].map((each) => Number(each.dataset.s)));
    const words = {
      dropped: this.mirrored ? "entered" : "dropped",
      cut: this.mirrored ? `before step ${last}` : `past step ${last}`,
    };
    const part = `${share(Number(c), Number(node.dataset.c))} of ${labelOf(node)}`;
    return { params, title: `${labelOf(node)}, ${words[e] ?? e}: ${this.who(Number(c))}, ${part}` };
  }

  who(count) {
    return `${figure(count)} ${count === 1 ? this.dataset.one : this.dataset.many}`;
  }

  // ---- tracing

  focused(target) {
    this.light(target.closest(".f-n"));
    const link = target.closest(".f-ribs a, .f-e > a");
    if (link) this.say(link.querySelector("title")?.textContent ?? "");
  }

  light(node) {
    if (node === this.lit) return;
    clearTimeout(this.timer);
    this.unlight();
    this.lit = node;
    this.toggleAttribute("data-lit", Boolean(node));
    this.say("");
    if (!node) return;
    const { n } = node.dataset;
    node.dataset.on = "";
    for (const end of this.querySelectorAll(`.f-e[data-of="${n}"]`)) end.dataset.on = "";
    for (const { element, source, target } of this.links) {
      if (source !== n && target !== n) continue;
      element.dataset.on = "";
      this.nodes.get(source === n ? target : source).dataset.on = "";
    }
    if (!this.dataset.trace) return;
    if (this.traces.has(n)) this.show(node, this.traces.get(n));
    else this.timer = setTimeout(() => this.trace(node), DWELL);
  }

  unlight() {
    for (const element of this.querySelectorAll("[data-on]")) element.removeAttribute("data-on");
    this.removeAttribute("data-traced");
    this.querySelector(".f-traces")?.remove();
    for (const [text, was] of this.texts ?? []) text.replaceChildren(...was);
    this.texts = [];
  }

  async trace(node) {
    const { n } = node.dataset;
    this.say("Tracing…");
    let told = null;
    try {
      const answer = await fetch(`${this.dataset.trace}&node=${n}`, { headers: { Accept: "application/json" } });
      told = answer.ok ? await answer.json() : null;
    } catch {
      // What is lit already stands: the neighbours are exact by themselves.
    }
    if (told) this.traces.set(n, told);
    if (this.lit !== node) return;
    if (told) this.show(node, told);
    else this.say("The paths could not be traced just now. Lit are its neighbours alone.");
  }

  // Each ribbon is filled as far as the paths through the node fill it; every bar says how many of them pass.
  show(node, { count, links }) {
    this.unlight();
    this.dataset.traced = "";
    const passed = new Map([[node.dataset.n, count]]);
    const into = new Map();
    const from = new Map();
    const followed = new Map(links.map(([source, target, many]) => [`${source}-${target}`, many]));
    for (const [source, target, many] of links) {
      into.set(`${target}`, (into.get(`${target}`) ?? 0) + many);
      from.set(`${source}`, (from.get(`${source}`) ?? 0) + many);
    }
    for (const n of new Set([...into.keys(), ...from.keys()])) {
      // At the anchor nothing comes in; everywhere else everybody does.
      if (!passed.has(n)) passed.set(n, into.get(n) ?? from.get(n));
    }
    const layer = document.createElementNS(this.svg.namespaceURI, "g");
    layer.classList.add("f-traces");
    let drawn = 0;
    for (const link of this.links) {
      const many = followed.get(link.element.dataset.l);
      if (!many) continue;
      drawn += 1;
      link.element.dataset.on = "";
      layer.append(filled(link.element, many / link.count));
    }
    this.querySelector(".f-ribs").after(layer);
    for (const [n, many] of passed) {
      const bar = this.nodes.get(n);
      if (!bar) continue;
      bar.dataset.on = "";
      const text = bar.querySelector(".f-cnt");
      this.texts.push([text, [...text.childNodes]]);
      text.textContent = `${figure(many)} · ${share(many, count)}`;
    }
    for (const end of this.querySelectorAll(`.f-e[data-of="${node.dataset.n}"]`)) end.dataset.on = "";
    const undrawn = links.length - drawn;
    const name = node.querySelector("title").textContent.split(":")[0];
    this.say(`All paths through ${name}: ${this.who(count)}, exactly${undrawn ? `; ${figure(undrawn)} of their links are too fine to be drawn` : ""}`);
  }

  say(text) {
    if (this.said) this.said.textContent = text;
  }

  // ---- opening and closing

  open(event) {
    const link = event.target.closest("svg a") ?? this.linked(event.target.closest("[data-l], .f-e"));
    const { target } = this.dataset;
    if (!link || !target || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    kept = this.contains(document.activeElement) ? selectorOf(document.activeElement) : "";
    // Fewer or more labels are another question, which the builder shows as well.
    const whole = link.matches(".f-ctl");
    window.htmx.ajax("GET", link.getAttribute("href"), whole ? { target: "#content", push: "true" } : { source: this, target });
  }

  key(event) {
    if (event.key === "Escape") {
      const close = document.querySelector(".panel [data-close]");
      if (close) {
        kept = selectorOf(document.activeElement);
        close.click();
      } else this.light(null);
      return;
    }
    const here = thingOf(event.target);
    const next = here && this.next(here, event.key);
    if (!next) return;
    event.preventDefault();
    for (const each of this.querySelectorAll('.f-n[tabindex="0"]')) each.setAttribute("tabindex", "-1");
    if (next.matches(".f-n")) next.setAttribute("tabindex", "0");
    this.reached(next).focus({ preventScroll: true });
    (next.querySelector(".f-node, path") ?? next).scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // From a node along its links, the broadest first, and on to the node at the other side; up and down among
  // neighbours. Ends stand behind the links that leave.
  next(here, key) {
    const onward = key === (this.mirrored ? "ArrowLeft" : "ArrowRight");
    const back = key === (this.mirrored ? "ArrowRight" : "ArrowLeft");
    const by = { ArrowDown: 1, ArrowUp: -1 }[key];
    const { n, s, of } = here.dataset;
    if (n !== undefined) {
      if (by) return beside([...this.nodes.values()].filter((each) => each.dataset.s === s), here, by);
      if (onward || back) this.way = onward ? "out" : "in";
      return onward ? this.leaving(n)[0] : back ? this.entering(n)[0] : undefined;
    }
    if (of !== undefined) return by ? beside(this.leaving(of), here, by) : back ? this.nodes.get(of) : undefined;
    const [source, target] = here.dataset.l.split("-");
    if (by) return beside(this.way === "in" ? this.entering(target) : this.leaving(source), here, by);
    return onward ? this.nodes.get(target) : back ? this.nodes.get(source) : undefined;
  }

  // Ribbons stand in the order of their counts.
  leaving(n) {
    return [...this.along("source", n), ...this.querySelectorAll(`.f-e[data-of="${n}"]`)];
  }

  entering(n) {
    return this.along("target", n);
  }

  along(side, n) {
    const links = this.links.filter((link) => link[side] === n).map((link) => link.element);
    return this.dataset.closed ? links : links.filter((element) => element.closest("a"));
  }

  // ---- finding

  search() {
    const find = document.querySelector("[data-find]");
    if (!find) return;
    find.hidden = false;
    const field = find.querySelector("input");
    const names = [...this.nodes.values()].map((node) => ({
      node,
      name: labelOf(node).toLowerCase(),
    }));
    let hits = [];
    let at = -1;
    field.addEventListener("input", () => {
      const words = field.value.trim().toLowerCase();
      hits = words ? names.filter(({ name }) => name.includes(words)).map(({ node }) => node) : [];
      at = -1;
      this.toggleAttribute("data-finding", Boolean(words));
      for (const { node } of names) node.toggleAttribute("data-hit", hits.includes(node));
      find.querySelector("output").textContent = words ? `${hits.length} of ${names.length}` : "";
      hits[0]?.querySelector(".f-node").scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    field.addEventListener("change", (event) => event.stopPropagation());
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && field.value) {
        event.preventDefault();
        field.value = "";
        field.dispatchEvent(new Event("input"));
      } else if (event.key === "Enter" && hits.length) {
        event.preventDefault();
        at = (at + 1) % hits.length;
        hits[at].focus({ preventScroll: true });
        hits[at].querySelector(".f-node").scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    });
  }
}

function beside(list, here, by) {
  return list[list.indexOf(here) + by];
}

// The node, the ribbon or the end that has the focus.
function thingOf(element) {
  return element.closest(".f-n, .f-e") ?? element.closest(".f-ribs a")?.querySelector("[data-l]");
}

// What a node is called, which its title says first.
function labelOf(node) {
  return /^(.*), (?:Start|End|Step \d+|\d+ before): /s.exec(node.querySelector("title").textContent)[1];
}

// How the same thing is found again in the chart that takes the place of this one.
function selectorOf(element) {
  const thing = thingOf(element);
  if (!thing) return "";
  const { n, l, of, e } = thing.dataset;
  if (n !== undefined) return `.f-n[data-n="${n}"]`;
  return l ? `[data-l="${l}"]` : e ? `.f-e[data-of="${of}"][data-e="${e}"]` : "";
}

// A copy of a ribbon that takes `part` of its height, from its upper edge on; a line shows it by its strength.
function filled(ribbon, part) {
  const copy = ribbon.cloneNode(false);
  for (const name of ["data-l", "data-c", "data-on"]) copy.removeAttribute(name);
  if (ribbon.classList.contains("f-line")) {
    copy.style.strokeOpacity = 0.25 + 0.75 * part;
    return copy;
  }
  const [x0, top0, middle, , , top1, x1, , low1, , , , low0] = ribbon.getAttribute("d").match(/-?[\d.]+/g).map(Number);
  const end0 = top0 + Math.max((low0 - top0) * part, 0.6);
  const end1 = top1 + Math.max((low1 - top1) * part, 0.6);
  copy.setAttribute("d", `M${x0} ${top0}C${middle} ${top0} ${middle} ${top1} ${x1} ${top1}V${end1}C${middle} ${end1} ${middle} ${end0} ${x0} ${end0}Z`);
  return copy;
}

customElements.define("jm-flow-chart", FlowChart);

// Escape closes the panel from wherever one is in it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest?.(".panel")) document.querySelector(".panel [data-close]")?.click();
});
