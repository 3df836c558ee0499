// <map-grid>: the keyboard and the pointer on a map. One tab stop; arrows move; Enter, F2, a click or typing opens.
// The focus returns to where it was after every part that the server sends anew.
import { REST, drafts, lost } from "./map-editor.js";
import { stopIn } from "./map-here.js";
import { duplicate, loadOf } from "./map-places.js";
import { openDialog, openMenu } from "./map-sheet.js";
import { openTalkAbout } from "./map-talk.js";

const CELL = "[role=gridcell], [role=rowheader], [role=columnheader]";
let here = { cell: "", stop: 0, row: 0, column: 1 };
let interrupted = null; // texts that stood open where the grid was drawn anew; null before the page has been there
let wanted = ""; // what the last answer wants the focus on

const columnOf = (cell) => Number(cell.ariaColIndex);
const spanOf = (cell) => Number(cell.ariaColSpan || 1);

class MapGrid extends HTMLElement {
  connectedCallback() {
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusin", (event) => this.entered(event.target));
    this.addEventListener("map:step", (event) => this.move(event.detail, 0));
    document.addEventListener("htmx:afterSettle", () => this.settled(), { signal });
    document.addEventListener("map:closed", ({ detail }) => this.comeBack(detail), { signal });
    document.addEventListener("map:dialog", ({ detail }) => openDialog(detail), { signal });
    this.arrive();
  }

  disconnectedCallback() {
    this.gone.abort();
    for (const editor of this.querySelectorAll("map-editor")) if (editor.unsaved) interrupted.push(editor.unsaved);
  }

  settled() {
    if (interrupted.length) this.openDrafts(interrupted.splice(0));
    this.comeBack();
  }

  get editable() {
    return Boolean(document.getElementById("map-card-editor"));
  }

  arrive() {
    const named = this.dataset.anchor && document.getElementById(this.dataset.anchor);
    const first = this.querySelector("[data-stop]");
    const stop = named ? stopIn(named) : first;
    if (stop) stop.tabIndex = 0;
    if (named) {
      this.halt(stop);
      if ("renameAnchor" in this.dataset) this.rename(stop, true);
    }
    if (interrupted) return;
    interrupted = [];
    // Texts that an earlier visit could not save are opened again, in the version from which they started.
    if (this.editable) this.openDrafts(drafts.all());
  }

  rows() {
    return [...this.querySelectorAll("[role=row]")];
  }

  cellsOf(row) {
    return [...row.querySelectorAll(CELL)];
  }

  stopsOf(cell) {
    return [...cell.querySelectorAll("[data-stop], textarea, .rename input")].filter((stop) => stop.checkVisibility());
  }

  entered(target) {
    const cell = target.closest(CELL);
    if (!cell) return;
    for (const old of this.querySelectorAll("[data-stop][tabindex='0'], [data-extra][tabindex='0']")) old.tabIndex = -1;
    const stops = this.stopsOf(cell);
    // Of an open card it is the box that is stopped at, whatever else of it has the focus.
    const around = target.closest("[data-stop]") ?? target.closest("map-editor")?.area;
    const stop = stops.includes(target) ? target : (around ?? stops[0]);
    if (stop?.matches("[data-stop]")) stop.tabIndex = 0;
    for (const extra of cell.querySelectorAll("[data-extra]")) extra.tabIndex = 0;
    const column = columnOf(cell);
    const within = here.column >= column && here.column < column + spanOf(cell);
    here = {
      cell: cell.id,
      stop: Math.max(0, stops.indexOf(stop)),
      row: this.rows().indexOf(cell.closest("[role=row]")),
      column: within ? here.column : column,
    };
  }

  // After a swap the focus is nowhere; put it back, unless it is wanted elsewhere.
  comeBack(id) {
    const asked = document.getElementById(wanted);
    wanted = "";
    const active = document.activeElement ?? document.body;
    if (asked && !active.closest("#map :is(textarea, input)")) return this.halt(stopIn(asked));
    if (active !== document.body) return;
    const cell = document.getElementById(id ?? here.cell) ?? this.at(here.row, here.column);
    if (!cell || !this.contains(cell)) return;
    const stops = this.stopsOf(cell);
    (stops[here.stop] ?? stops.at(-1))?.focus({ preventScroll: true });
  }

  at(row, column) {
    const rows = this.rows();
    const cells = this.cellsOf(rows[Math.max(0, Math.min(row, rows.length - 1))]);
    const fits = (cell) => columnOf(cell) <= column && column < columnOf(cell) + spanOf(cell);
    return cells.find(fits) ?? cells.at(-1);
  }

  go(cell, end = false) {
    if (!cell) return;
    const stops = this.stopsOf(cell);
    const stop = stops.at(end ? -1 : 0);
    if (stop) this.halt(stop);
  }

  halt(stop) {
    stop.focus({ preventScroll: true });
    stop.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  move(right, down) {
    const cell = document.activeElement.closest(CELL);
    if (!cell) return;
    const row = cell.closest("[role=row]");
    if (right) {
      const cells = this.cellsOf(row);
      const next = cells[cells.indexOf(cell) + right];
      if (next) here.column = columnOf(next);
      return this.go(next);
    }
    const stops = this.stopsOf(cell);
    const beside = stops[stops.indexOf(document.activeElement) + down];
    if (beside) return this.halt(beside);
    const rows = this.rows();
    const { column } = here;
    const fits = (each) => columnOf(each) <= column && column < columnOf(each) + spanOf(each);
    for (let i = rows.indexOf(row) + down; rows[i]; i += down) {
      const next = this.cellsOf(rows[i]).find((each) => fits(each) && this.stopsOf(each).length);
      if (next) return this.go(next, down < 0);
    }
  }

  edge(last, all) {
    const rows = this.rows();
    const row = all ? rows.at(last ? -1 : 0) : document.activeElement.closest("[role=row]");
    const cells = this.cellsOf(row).filter((cell) => this.stopsOf(cell).length);
    const cell = cells.at(last ? -1 : 0);
    if (cell) here.column = columnOf(cell);
    this.go(cell);
  }

  key(event) {
    const stop = event.target.closest("[data-stop]");
    if (!stop || event.isComposing) return;
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const flip = getComputedStyle(this).direction === "rtl" ? -1 : 1;
    if (moves[event.key] && !event.altKey) {
      const [right, down] = moves[event.key];
      this.move(right * flip, down);
    } else if (event.key === "Home" || event.key === "End") this.edge(event.key === "End", event.ctrlKey);
    else if (event.key === "F2" && event.shiftKey) openTalkAbout((stop.id.startsWith("card-") ? stop : stop.closest(CELL)).id);
    else if (!this.editable) return;
    else if ((event.key === "F10" && event.shiftKey) || event.key === "ContextMenu") this.more(stop);
    else if (event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey)) {
      const load = loadOf(stop);
      if (load) duplicate(load);
    } else if (event.key === "Enter" && event.shiftKey) this.add(stop);
    else if (event.key === "F2" || event.key === "Enter") this.open(stop);
    else if (event.key.length === 1 && !" /".includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.open(stop, event.key);
    } else return;
    event.preventDefault();
  }

  click(event) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || !this.editable) return;
    const { target } = event;
    const stop = target.closest("[data-card], [data-new], [data-rename]");
    if (!stop || event.defaultPrevented) return;
    event.preventDefault();
    if (stop.matches("[data-card]") && target.closest("[data-details]")) openDialog(`${stop.href}details/`);
    else this.open(stop);
  }

  open(stop, typed) {
    if (stop.matches(".card--image")) openDialog(`${stop.href}details/`);
    else if (stop.matches("[data-picture]")) openDialog(stop.href);
    else if (stop.matches("[data-card]")) this.edit(stop, typed);
    else if (stop.matches("[data-new]")) this.write(stop, typed);
    else if (stop.matches("[data-rename]")) this.rename(stop, false, typed);
    else if (stop.matches("[data-menu]")) openMenu(stop);
  }

  more(stop) {
    const link = stop.closest(CELL).querySelector(".more");
    if (link) openMenu(link);
    else if (stop.matches("[data-card]")) openDialog(`${stop.href}details/`);
    else if (stop.matches("[data-menu]")) openMenu(stop);
  }

  add(stop) {
    const ghost = stop.closest(CELL).querySelector("[data-new], [data-picture]");
    if (ghost) this.open(ghost);
  }

  // The editor is made here, not fetched: it opens at once, and without a connection.
  editor(cell, action, { id, body = "", version = "", uid = "" }) {
    const editor = document.getElementById("map-card-editor").content.firstElementChild.cloneNode(true);
    const form = editor.querySelector("form");
    editor.id = id;
    form.setAttribute("action", action);
    form.setAttribute("hx-post", action);
    form.setAttribute("hx-target", `#${cell.id}`);
    form.setAttribute("hx-swap", "outerHTML");
    form.elements.version.value = version;
    form.elements.uid.value = uid;
    form.elements.body.value = form.elements.body.defaultValue = body;
    return editor;
  }

  edit(card, typed, draft) {
    const action = new URL(card.href).pathname;
    const cell = card.closest(CELL);
    const body = card.querySelector("[data-body]").textContent;
    const editor = this.editor(cell, action, { id: card.id, body, version: card.dataset.card });
    const details = editor.querySelector("[data-after-save]");
    details.href = `${action}details/`;
    details.hidden = false;
    editor.style.setProperty("--was", `${card.offsetHeight}px`);
    editor.stood = card;
    card.replaceWith(editor);
    this.begin(editor, typed, draft);
  }

  write(ghost, typed, draft) {
    const cell = ghost.closest(CELL);
    const action = new URL(ghost.href).pathname.replace(/new\/$/, "");
    const key = cell.id.replace("cell-", "new-");
    const known = document.getElementById(key);
    if (known) return known.querySelector("textarea").focus();
    const editor = this.editor(cell, action, { id: key, uid: draft?.uid || newId() });
    ghost.before(editor);
    this.begin(editor, typed, draft);
  }

  begin(editor, typed, draft) {
    window.htmx.process(editor);
    const { area, form } = editor;
    if (draft) {
      area.value = draft.body;
      if (draft.version) form.elements.version.value = draft.version;
      editor.failed = true;
      editor.notSaved(0, REST);
      return;
    }
    area.focus({ preventScroll: true });
    editor.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (typed) {
      area.value = typed;
      editor.typed();
    }
    area.setSelectionRange(area.value.length, area.value.length);
  }

  rename(link, all, typed) {
    const head = link.closest(CELL);
    const form = document.getElementById("map-name-editor").content.firstElementChild.cloneNode(true);
    const input = form.elements.name;
    const action = new URL(link.href).pathname;
    form.setAttribute("action", action);
    form.setAttribute("hx-post", action);
    form.setAttribute("hx-target", `#${head.id}`);
    input.value = typed ?? link.textContent;
    let closed = false;
    const close = () => {
      closed = true;
      if (form.isConnected) form.replaceWith(link);
    };
    const finish = () => {
      if (closed) return;
      if (!input.value.trim() || input.value.trim() === link.textContent) close();
      else form.requestSubmit();
    };
    form.addEventListener("map:saved", () => (closed = true));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        close();
        link.focus();
      } else if (event.key === "Tab") {
        event.preventDefault();
        this.move(event.shiftKey ? -1 : 1, 0);
      } else return;
      event.stopPropagation();
    });
    input.addEventListener("blur", () => document.hasFocus() && finish());
    form.addEventListener("submit", (event) => {
      if (input.value.trim() !== link.textContent) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      close();
      link.focus();
    }, { capture: true });
    link.replaceWith(form);
    window.htmx.process(form);
    input.focus();
    if (all || !typed) input.select();
  }

  openDrafts(found) {
    for (const draft of found) {
      const card = this.querySelector(`[data-card][href="${CSS.escape(draft.action).replaceAll("\\/", "/")}"]`);
      const ghost = this.querySelector(`[data-new][href="${draft.action}new/"]`);
      if (card) {
        if (card.querySelector("[data-body]").textContent === draft.body) drafts.drop(draft.action);
        else this.edit(card, null, draft);
      } else if (ghost) this.write(ghost, null, draft);
      else lost(draft);
    }
  }
}

// randomUUID() is missing on plain http.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

customElements.define("map-grid", MapGrid);

// "Rename" in a menu opens the name in its place.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-rename-in]");
  const name = link && document.querySelector(`#${link.dataset.renameIn} [data-rename]`);
  if (!name || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.getElementById("map-menu").hidePopover();
  name.closest("map-grid").rename(name, true);
});
document.addEventListener("map:saved", ({ detail }) => {
  wanted = detail.anchor ?? "";
  const says = document.getElementById("map-says");
  if (says) says.textContent = "Saved";
});
