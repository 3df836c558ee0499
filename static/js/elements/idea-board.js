// <idea-board>: a dot is dragged to another place, or moved with the arrow keys, which changes effort and impact.
// Either way the one form of the board is sent. Dots are links: they open their idea also without this.
import { swallowClick } from "./swallow-click.js";

const IDLE = 600; // ms after the last arrow key
const FAR = 4; // px before a press is a drag
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

class IdeaBoard extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    if (!this.form) return;
    this.dataset.movable = "";
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("focusout", () => this.moving || this.commit());
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) this.addEventListener(kind, (event) => this[kind](event));
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  // Somebody is moving a dot, or it is on its way to the server.
  get busy() {
    return Boolean(this.pressed || this.held || this.sent);
  }

  // --- With the keyboard ---

  key(event) {
    const dot = event.target.closest(".dot[data-card]");
    const step = STEPS[event.key];
    if (event.key === "Escape" && (this.pressed || this.held)) {
      event.preventDefault();
      this.back();
    } else if (dot && event.key === "Enter" && this.held) {
      event.preventDefault();
      this.commit();
    } else if (dot && step && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      if (this.sent) return;
      const mirrored = getComputedStyle(this).direction === "rtl" ? -1 : 1;
      const { effort, points } = dot.parentElement.dataset;
      const place = this.place(Number(effort) + step[0] * mirrored, Number(points) + step[1]);
      if (!place) return this.say("It goes no further.");
      this.hold(dot);
      this.put(dot, place);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.commit(), IDLE);
    }
  }

  hold(dot) {
    this.held ??= { dot, from: dot.parentElement };
  }

  // --- With mouse, pen and finger ---

  pointerdown(event) {
    const dot = event.target.closest(".dot[data-card]");
    if (!dot || event.button || this.sent) return;
    this.commit();
    this.pressed = { dot, x: event.clientX, y: event.clientY, far: false };
  }

  pointermove(event) {
    const press = this.pressed;
    if (!press) return;
    const [x, y] = [event.clientX - press.x, event.clientY - press.y];
    if (!press.far && Math.hypot(x, y) < FAR) return;
    if (!press.far) {
      press.far = true;
      this.setPointerCapture(event.pointerId);
      press.dot.dataset.dragged = "";
      this.hold(press.dot);
    }
    press.dot.style.translate = `${x}px ${y}px`;
    this.mark(document.elementFromPoint(event.clientX, event.clientY)?.closest(".place") ?? null);
  }

  pointerup() {
    const press = this.pressed;
    if (!press?.far) return void (this.pressed = null);
    const place = this.over;
    this.letGo();
    swallowClick();
    if (!place) return this.back();
    this.put(press.dot, place);
    this.commit();
  }

  pointercancel() {
    if (this.pressed?.far) this.back();
    this.pressed = null;
  }

  letGo() {
    if (!this.pressed) return;
    this.pressed.dot.style.translate = "";
    delete this.pressed.dot.dataset.dragged;
    this.pressed = null;
    this.mark(null);
  }

  mark(place) {
    if (this.over) delete this.over.dataset.over;
    this.over = place;
    if (place) place.dataset.over = "";
  }

  // --- Both ---

  place(effort, points) {
    return this.querySelector(`.place[data-effort="${effort}"][data-points="${points}"]`);
  }

  put(dot, place) {
    this.moving = true;
    place.append(dot);
    dot.focus({ preventScroll: false });
    this.moving = false;
    this.say(`Effort ${place.dataset.effort}, impact ${Number(place.dataset.points) / 2}.`);
  }

  back() {
    clearTimeout(this.timer);
    this.letGo();
    if (this.held && this.held.dot.parentElement !== this.held.from) this.put(this.held.dot, this.held.from);
    this.held = null;
    this.say("Left where it was.");
  }

  commit() {
    clearTimeout(this.timer);
    if (!this.held || this.sent) return;
    const { dot, from } = this.held;
    const place = dot.parentElement;
    this.held = null;
    if (place === from) return;
    const fields = { card: dot.dataset.card, version: dot.dataset.version, effort: place.dataset.effort, points: place.dataset.points };
    for (const [name, value] of Object.entries(fields)) this.form.elements[name].value = value;
    this.sent = true;
    // An answer brings a new board. Where none came, the dot goes back.
    this.form.addEventListener("htmx:afterRequest", ({ detail }) => {
      this.sent = false;
      if (!detail.successful && this.isConnected && detail.xhr.status !== 409) from.append(dot);
    }, { once: true });
    this.form.requestSubmit();
  }

  say(text) {
    const says = document.getElementById("ideas-say");
    if (says) says.textContent = text;
  }
}

customElements.define("idea-board", IdeaBoard);
