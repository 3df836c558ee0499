// <map-live>: what colleagues do appears without a reload, and who they are stands in the head.
// The server says that there is something new (a stream of events), and the elements that changed are fetched and put in
// place. While there is no stream, it is asked now and then. A card that is open here stays open, whatever comes.
import { lost } from "./map-editor.js";
import { isQuiet, whenQuiet } from "./map-requests.js";

const SOON = [50, 450]; // milliseconds from the news to the request
const ASK_EVERY = 5000; // without a stream
const TRY_AGAIN = 30_000; // after the server would not stream
const HIDDEN_FOR = 10_000; // a page that nobody sees gives its connection back; browsers have few of them
const EDITING_EVERY = 8000;
const FACES = 5;

class MapLive extends HTMLElement {
  connectedCallback() {
    if (this.gone) return;
    this.gone = new AbortController();
    // What the page shows and what there is: the last change of the map, and the last word about it.
    this.seq = Number(this.grid?.dataset.seq ?? 0);
    this.talked = Number(this.grid?.dataset.talked ?? 0);
    this.wanted = this.seq;
    this.wantedTalk = this.talked;
    this.marks = new Map();
    const on = (event, handle) => document.addEventListener(event, handle, { signal: this.gone.signal });
    // One's own changes bring their part of the page along.
    on("map:saved", ({ detail }) => this.own(detail.seq));
    on("map:kept", ({ detail }) => this.own(detail.seq));
    on("map:talked", ({ detail }) => this.heard(detail));
    on("map:at", ({ detail }) => (this.arriving = detail));
    this.addEventListener("htmx:beforeSwap", ({ detail }) => this.arrived(detail), { signal: this.gone.signal });
    for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
      this.addEventListener(name, (event) => this.failed(event), { signal: this.gone.signal });
    }
    on("htmx:oobBeforeSwap", ({ detail }) => this.beforeSwap(detail));
    on("htmx:oobAfterSwap", () => this.afterSwap());
    on("htmx:afterSettle", () => this.paint());
    on("focusin", (event) => this.tell(event.target));
    on("input", (event) => this.tell(event.target));
    on("focusout", () => setTimeout(() => this.left()));
    on("visibilitychange", () => this.seen());
    window.addEventListener("pagehide", () => this.source?.close(), { signal: this.gone.signal });
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.open(), { signal: this.gone.signal });
    document.addEventListener("toggle", () => setTimeout(() => this.left()), { capture: true, signal: this.gone.signal });
    this.open();
  }

  disconnectedCallback() {
    this.gone.abort();
    this.source?.close();
    clearInterval(this.asking);
    clearTimeout(this.soon);
    clearTimeout(this.again);
    clearTimeout(this.hiding);
  }

  get grid() {
    return document.getElementById("map");
  }

  get base() {
    return this.dataset.base;
  }

  // --- The stream, and asking where there is none ---

  open() {
    clearTimeout(this.again);
    this.source?.close();
    this.connection = null;
    const source = (this.source = new EventSource(`${this.base}live/`));
    const on = (event, handle) => source.addEventListener(event, ({ data }) => handle(JSON.parse(data)));
    on("hello", ({ connection, ...now }) => {
      this.connection = connection;
      this.dataset.connected = "";
      clearInterval(this.asking);
      this.asking = null;
      this.heard(now);
      this.tell(document.activeElement);
    });
    on("change", (now) => this.heard(now));
    on("talk", (now) => this.heard(now));
    on("people", (people) => this.meet(people));
    on("editing", (mark) => this.mark(mark));
    on("inbox", ({ unread }) => tellUnread(unread));
    on("gone", () => this.end());
    source.onerror = () => {
      this.connection = null;
      delete this.dataset.connected;
      this.meet([]);
      this.ask();
      // Else the browser tries again by itself.
      if (source.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.open(), TRY_AGAIN);
    };
  }

  ask() {
    this.asking ??= setInterval(() => !document.hidden && this.refresh(true), ASK_EVERY);
  }

  end() {
    this.disconnectedCallback();
    this.meet([]);
    const text = "You no longer have access to this map, or are signed out. What you see may be out of date.";
    document.dispatchEvent(new CustomEvent("jm:toast", { detail: { text, tone: "bad", key: "map-live" } }));
  }

  seen() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.source.close();
        this.source = null;
      }, HIDDEN_FOR);
    } else if (!this.source) this.open();
    else this.refresh(Boolean(this.asking));
  }

  // --- What is new ---

  own(seq) {
    if (!seq) return;
    if (seq === this.seq + 1) this.seq = seq;
    this.heard({ seq });
  }

  get behind() {
    return this.wanted > this.seq || this.wantedTalk > this.talked;
  }

  heard({ seq = 0, talked = 0 }) {
    this.wanted = Math.max(this.wanted, seq);
    this.wantedTalk = Math.max(this.wantedTalk, talked);
    if (!this.behind || this.soon) return;
    // A moment later, and not all browsers at once: much may have happened by then, and it is one request.
    this.soon = setTimeout(() => {
      this.soon = null;
      // The answer to a change of one's own may bring just this.
      whenQuiet(() => this.refresh());
    }, SOON[0] + Math.random() * (SOON[1] - SOON[0]));
  }

  async refresh(anyway = false) {
    this.seq = Math.max(this.seq, Number(this.grid?.dataset.seq ?? 0));
    if (this.loading || !isQuiet() || (!anyway && !this.behind)) return;
    this.loading = true;
    this.arriving = null;
    this.tooEarly = this.postponed = false;
    const options = { source: this, target: this, swap: "none" };
    await window.htmx.ajax("GET", `${this.base}changes/?since=${this.seq}&talked=${this.talked}`, options).catch(() => {});
    this.loading = false;
    if (this.arriving === null) [this.wanted, this.wantedTalk] = [this.seq, this.talked];
    else if (!this.postponed && !this.tooEarly) {
      this.seq = Math.max(this.seq, this.arriving.seq);
      this.talked = Math.max(this.talked, this.arriving.talked);
    }
    if (this.behind && !this.postponed) whenQuiet(() => this.refresh());
  }

  // It is asked again soon, so nobody need be told; a lost session is told by the page.
  failed(event) {
    const status = event.detail.xhr?.status;
    if (status !== 401) event.stopPropagation();
    if (status === 403 || status === 404) this.end();
  }

  // A change of one's own has set out meanwhile, and its answer goes where the page is now.
  arrived(detail) {
    this.tooEarly = !isQuiet();
    if (this.tooEarly) detail.shouldSwap = false;
  }

  // --- What must not be disturbed ---

  beforeSwap(detail) {
    const { target, fragment } = detail;
    // A name that is being written and a menu that hangs on the element are soon done with: then it is fetched again.
    if (inUse(target)) {
      detail.shouldSwap = false;
      this.postponed = true;
      return;
    }
    for (const editor of target.querySelectorAll("map-editor")) if (!editor.closing) keep(editor, fragment);
  }

  afterSwap() {
    for (const editor of document.querySelectorAll("map-editor[data-moving]")) editor.arrived();
    this.paint();
  }

  left() {
    if (!document.activeElement?.closest("map-editor")) this.tell(null);
    if (!this.postponed || inUse(this.grid)) return;
    this.postponed = false;
    whenQuiet(() => this.refresh());
  }

  // --- Who is here ---

  meet(people) {
    const others = people.filter(({ id }) => String(id) !== this.dataset.person);
    const shown = others.slice(0, others.length > FACES ? FACES - 1 : FACES);
    this.replaceChildren(...shown.map(({ face, name }) => avatar(face, name)));
    if (others.length > shown.length) {
      const more = this.appendChild(document.createElement("span"));
      more.className = "avatar avatar--more";
      more.textContent = `+${others.length - shown.length}`;
      more.title = others.slice(shown.length).map(({ name }) => name).join(", ");
    }
    this.ariaLabel = others.length ? `On this map: ${others.map(({ name }) => name).join(", ")}` : "";
    this.hidden = !others.length;
  }

  mark({ connection, cell, id, name, face, for: seconds }) {
    clearTimeout(this.marks.get(connection)?.timer);
    this.marks.delete(connection);
    if (cell && String(id) !== this.dataset.person) {
      const timer = setTimeout(() => this.mark({ connection, cell: "" }), seconds * 1000);
      this.marks.set(connection, { cell, name, face, timer });
    }
    this.paint();
  }

  paint() {
    for (const old of document.querySelectorAll(".busy")) old.remove();
    for (const { cell, name, face } of this.marks.values()) {
      const place = document.getElementById(cell);
      if (!place) continue;
      const chip = document.createElement("span");
      chip.className = "busy";
      const head = avatar(face, name);
      chip.style.setProperty("--h", head.style.getPropertyValue("--h"));
      const words = document.createElement("span");
      words.textContent = `${name.split(/[ @]/)[0]} is editing`;
      chip.append(head, words);
      place.append(chip);
    }
  }

  // --- Where I am ---

  tell(target) {
    const cell = target?.closest?.("map-editor")?.closest("[role=gridcell]")?.id ?? "";
    const now = Date.now();
    if (!this.connection || (cell === this.told && (!cell || now - this.toldAt < EDITING_EVERY))) return;
    if (!cell && !this.told) return;
    this.told = cell;
    this.toldAt = now;
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const body = new URLSearchParams({ connection: this.connection, cell });
    fetch(`${this.base}editing/`, { method: "POST", headers, body, keepalive: true }).catch(() => {});
  }
}

// How much of the inbox is new stands in the frame of the page; nothing where all has been read.
function tellUnread(unread) {
  for (const pill of document.querySelectorAll("[data-unread]")) {
    pill.hidden = !unread;
    pill.firstChild.data = unread;
  }
}

// A name is being written there, or the menu hangs on it. It says that it is expanded until a moment after it has closed.
function inUse(element) {
  const menu = document.querySelector("#map-menu:popover-open");
  return Boolean(element.querySelector(menu ? ".rename, [aria-expanded=true]" : ".rename"));
}

// The open editor takes the place that its card has in the new part of the page.
function keep(editor, fragment) {
  const cell = fragment.querySelector(`[id="${editor.closest("[role=gridcell]").id}"]`);
  let place = fragment.querySelector(`[id="${editor.id}"]`);
  editor.stood = place;
  if (!place) {
    const draft = { action: editor.action, body: editor.area.value };
    // Its lane or its step is gone. What was typed is shown once more, and kept until it is told to go.
    if (!cell) {
      editor.closing = true;
      if (draft.body.trim()) lost(draft);
      return;
    }
    place = document.createElement("span");
    place.id = editor.id;
    const ghost = cell.querySelector("[data-new]");
    if (ghost) ghost.before(place);
    else cell.append(place);
  }
  place.setAttribute("hx-preserve", "true");
  editor.depart();
}

function avatar(face, name) {
  const holder = document.createElement("template");
  holder.innerHTML = face; // drawn by the server
  const head = holder.content.firstElementChild;
  head.title = name;
  return head;
}

customElements.define("map-live", MapLive);
