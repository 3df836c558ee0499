// <map-editor>: a card that is open. Saves after 800 ms of rest, when the focus leaves, and on Ctrl+Enter; Esc restores.
// What is typed is kept in the browser until the server has acknowledged it, so that neither a lost connection
// nor a reload loses it. A newer text of somebody else (409) comes back as an editor with both texts.
import { base } from "./map-here.js";

export const REST = 800;
const RETRY = 10_000;

export const drafts = {
  prefix: () => `map-draft:${document.getElementById("map-live")?.dataset.person}:`,
  key: (action) => drafts.prefix() + new URL(action, location.href).pathname,
  write(action, draft) {
    try {
      localStorage.setItem(drafts.key(action), JSON.stringify(draft));
    } catch {
      // Storage is full or forbidden: the text is still in the box.
    }
  },
  drop: (action) => localStorage.removeItem(drafts.key(action)),
  *all() {
    const start = drafts.prefix() + base();
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(start)) continue;
      try {
        yield { action: key.slice(drafts.prefix().length), ...JSON.parse(localStorage.getItem(key)) };
      } catch {
        localStorage.removeItem(key);
      }
    }
  },
};

// The card, or its place, has been removed meanwhile: the text is shown once more, and goes only when it is told to.
export function lost(draft) {
  const detail = {
    text: `This text was not saved, and its card is gone: “${draft.body}”`,
    tone: "bad",
    key: draft.action,
    action: "Discard",
    onAction: () => drafts.drop(draft.action),
  };
  document.dispatchEvent(new CustomEvent("jm:toast", { detail }));
}

// A failed request is told by events; the promise adds nothing.
const ask = (verb, path, options) => window.htmx.ajax(verb, path, options).catch(() => {});
const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

class MapEditor extends HTMLElement {
  connectedCallback() {
    window.addEventListener("online", this.online);
    if (this.form) {
      if (this.area.value !== this.acknowledged) this.typed();
      return;
    }
    this.form = this.querySelector("form");
    this.area = this.querySelector("textarea");
    this.status = this.querySelector(".edit__s");
    this.initial = this.acknowledged = this.area.value;
    this.listen();
  }

  // Where a browser can move an element as it is, nothing has happened.
  connectedMoveCallback() {}

  disconnectedCallback() {
    clearTimeout(this.resting);
    clearTimeout(this.retrying);
    window.removeEventListener("online", this.online);
  }

  get action() {
    return this.form.getAttribute("action");
  }

  get conflict() {
    return "conflict" in this.dataset;
  }

  get isNew() {
    return this.action.includes("/cells/");
  }

  online = () => this.failed && this.keep();

  listen() {
    this.area.addEventListener("input", () => this.typed());
    // It has the focus; whenever the part around it is drawn anew, htmx would give it to the box again.
    this.addEventListener("focusin", () => (this.area.autofocus = false), { once: true });
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("focusout", (event) => {
      if (event.relatedTarget && this.contains(event.relatedTarget)) return;
      if ("moving" in this.dataset) return;
      // Leaving for another window is no leaving: the box stays, its text is kept.
      if (!document.hasFocus() || this.closing) return this.keep();
      if (!this.conflict) this.finish();
    });
    this.form.addEventListener("submit", (event) => {
      if (this.busy) {
        event.preventDefault();
        event.stopImmediatePropagation();
        this.next = "finish";
      }
    }, { capture: true });
    this.addEventListener("htmx:beforeRequest", () => {
      this.busy = true;
      this.acknowledging = false;
      this.sent = this.area.value;
      this.say("Saving…");
    });
    this.addEventListener("map:kept", (event) => this.kept(event.detail));
    this.addEventListener("map:saved", () => this.saved());
    this.addEventListener("htmx:afterRequest", (event) => this.answered(event));
    for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
      // The editor itself says what happened. A lost session is told by the page.
      this.addEventListener(name, (event) => event.detail.xhr?.status !== 401 && event.stopPropagation());
    }
  }

  typed() {
    if (!this.conflict) this.say("");
    this.draft();
    clearTimeout(this.resting);
    if (!this.conflict) this.resting = setTimeout(() => this.keep(), REST);
  }

  draft() {
    const { version, uid } = this.form.elements;
    drafts.write(this.action, { body: this.area.value, version: version.value, uid: uid.value });
  }

  // Save, and let the person go on typing.
  keep() {
    clearTimeout(this.resting);
    const text = this.area.value;
    if (this.conflict || this.closing || text === this.acknowledged || !text.trim()) return;
    if (this.busy) {
      this.next ??= "keep";
      return;
    }
    ask("POST", this.action, { source: this.form, swap: "none", values: { keep: "1" } });
  }

  // Save what is left to save, and close.
  finish() {
    clearTimeout(this.resting);
    if (this.closing) return;
    const text = this.area.value;
    if (!this.conflict && (!text.trim() || text.trim() === this.acknowledged.trim())) return this.close();
    if (this.busy) this.next = "finish";
    else this.form.requestSubmit();
  }

  // Nothing to save: the card as it stood, or as the server has it where it was saved on the way.
  close() {
    if (this.busy) {
      this.next = "finish";
      return;
    }
    this.closing = true;
    drafts.drop(this.action);
    const { cell } = this;
    if (this.written || !this.stood) {
      const empty = !this.written && this.isNew;
      if (empty) this.remove();
      else ask("GET", cell.dataset.href ?? this.cellHref(cell), { target: cell, swap: "outerHTML" });
    } else this.replaceWith(this.stood);
    document.dispatchEvent(new CustomEvent("map:closed", { detail: cell.id }));
  }

  // What has not been saved yet, to be opened again where the editor itself is swept away; null where nothing is.
  get unsaved() {
    const { version, uid } = this.form.elements;
    const body = this.area.value;
    if (this.closing || !body.trim() || body === this.acknowledged) return null;
    return { action: this.action, body, version: version.value, uid: uid.value };
  }

  // The part of the page around it is drawn anew: it goes along, with the focus and the cursor where they are.
  depart() {
    this.dataset.moving = "";
    const { selectionStart, selectionEnd, selectionDirection } = this.area;
    this.cursor = [selectionStart, selectionEnd, selectionDirection];
    this.focused = this.contains(document.activeElement) ? document.activeElement : null;
  }

  arrived() {
    delete this.dataset.moving;
    this.stood?.removeAttribute("hx-preserve");
    if (!this.focused || document.activeElement === this.focused) return;
    this.focused.focus({ preventScroll: true });
    if (this.focused === this.area) this.area.setSelectionRange(...this.cursor);
  }

  get cell() {
    return this.closest("[role=gridcell]");
  }

  cellHref(cell) {
    const [, lane, step] = cell.id.split("-");
    return `${base()}cells/${lane}/${step}/`;
  }

  restore() {
    clearTimeout(this.resting);
    this.next = null;
    if (this.conflict) return;
    this.leaving = Boolean(this.busy);
    if (this.leaving) return; // What is on its way has to be taken back once it has arrived.
    if (!this.written || this.isNew) {
      this.area.value = this.acknowledged = this.initial;
      return this.close();
    }
    const { version } = this.form.elements;
    if (this.initial.trim()) {
      this.area.value = this.initial;
      return this.finish();
    }
    // It was new: what was saved on the way goes again.
    this.closing = true;
    drafts.drop(this.action);
    ask("POST", `${this.action}remove/`, { source: this.cell, target: this.cell, swap: "outerHTML", values: { version: version.value } });
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.restore();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.finish();
    } else if (event.key === "Tab" && event.target === this.area && !this.conflict) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("map:step", { bubbles: true, detail: event.shiftKey ? -1 : 1 }));
    }
  }

  click(event) {
    const link = event.target.closest("a, .edit__s button");
    if (!link) return;
    if (link.matches("[data-after-save]")) {
      // Details show what is stored, so what is typed goes there first.
      if (this.area.value !== this.acknowledged || this.busy) {
        event.preventDefault();
        this.details = link.href;
        if (this.busy) this.next = "keep";
        else this.keep();
      }
    } else if (link.matches("[data-cancel]")) {
      event.preventDefault();
      this.restore();
    } else if (link.matches("[data-theirs]")) {
      event.preventDefault();
      this.closing = true;
      drafts.drop(this.action);
      ask("GET", this.cellHref(this.cell), { target: this.cell, swap: "outerHTML" });
    } else if (link.matches("button")) {
      // The button goes as soon as it is pressed, and the focus must not go with it.
      this.area.focus();
      this.keep();
    }
  }

  kept({ card, version, url }) {
    this.acknowledging = true;
    drafts.drop(this.action);
    // A new card is one of the map from now on; and where an answer was lost, it may stand there already.
    const id = `card-${card}`;
    const twin = document.getElementById(id);
    if (twin !== this) twin?.remove();
    this.id = id;
    this.written = true;
    this.acknowledged = this.sent;
    this.form.action = url;
    this.form.setAttribute("hx-post", url);
    this.form.elements.version.value = version;
    const details = this.querySelector("[data-after-save]");
    details.href = `${url}details/`;
    details.hidden = false;
    if (this.area.value !== this.sent) this.draft();
    this.say(`Saved ${clock()}`, "good");
  }

  saved() {
    this.closing = this.acknowledging = true;
    drafts.drop(this.action);
  }

  answered({ detail }) {
    if (!this.busy) return;
    this.busy = false;
    const { status } = detail.xhr;
    // A page that is not news of a save (a sign-in form, a proxy's apology) has saved nothing.
    this.failed = !this.acknowledging && status !== 409 && status !== 422;
    clearTimeout(this.retrying);
    if (this.failed) return this.notSaved(status);
    if (this.leaving) return this.restore();
    if (this.details) {
      const href = this.details;
      this.details = null;
      document.dispatchEvent(new CustomEvent("map:dialog", { detail: href }));
    }
    const { next } = this;
    this.next = null;
    if (!this.isConnected || this.closing) return;
    if (next === "finish") this.finish();
    else if (next === "keep") this.keep();
  }

  notSaved(status, again = RETRY) {
    this.next = null;
    if (this.leaving) {
      this.leaving = false;
      return this.restore();
    }
    this.draft();
    if (status === 404) return this.say("Not saved: the card or its place was removed. Copy the text to keep it.", "bad");
    if (status === 403) return this.say("Not saved: refused. You may have been signed out, or may no longer edit this map.", "bad");
    this.say("Not saved – ", "bad");
    const retry = document.createElement("button");
    retry.type = "button";
    retry.textContent = "retry";
    this.status.append(retry);
    this.retrying = setTimeout(() => this.keep(), again);
  }

  say(text, tone = "") {
    this.status.textContent = text;
    this.status.dataset.tone = tone;
  }
}

customElements.define("map-editor", MapEditor);
