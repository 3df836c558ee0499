// <idea-follow>: what colleagues change of the opportunities appears without a reload. Now and then, and whenever the page
// is looked at again, it is asked whether anything is new; what somebody is moving or writing is left alone meanwhile.
const EVERY = 5000; // milliseconds
const PARTS = "#ideas-plot, #ideas-table";

class IdeaFollow extends HTMLElement {
  connectedCallback() {
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.seen = this.dataset.pulse;
    this.timer = setInterval(() => this.ask(), EVERY);
    document.addEventListener("visibilitychange", () => this.ask(), { signal });
    window.addEventListener("focus", () => this.ask(), { signal });
    this.addEventListener("htmx:responseError", (event) => event.stopPropagation(), { signal });
    this.addEventListener("htmx:sendError", (event) => event.stopPropagation(), { signal });
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.gone.abort();
  }

  get busy() {
    return Boolean(document.querySelector("idea-board")?.busy || document.querySelector(".htmx-request"));
  }

  async ask() {
    if (document.hidden || this.asking || this.busy) return;
    this.asking = true;
    try {
      const answer = await fetch(this.dataset.url);
      const pulse = answer.ok && !answer.redirected ? await answer.text() : this.seen;
      if (pulse !== this.seen && !this.busy && (await this.refresh())) this.seen = pulse;
    } catch {
      // There is no connection: it is asked again.
    }
    this.asking = false;
  }

  // An idea that is open, and a choice that is being made, stay as they are; else all of it is new.
  async refresh() {
    const kept = document.querySelector("#ideas .idea, #ideas .shelf:focus-within");
    const how = kept ? { swap: "none", selectOOB: PARTS } : { target: "#ideas", swap: "outerHTML" };
    let arrived = false;
    this.addEventListener("htmx:afterRequest", ({ detail }) => (arrived = detail.successful), { once: true });
    await window.htmx.ajax("GET", location.pathname + location.search, { source: this, ...how });
    return arrived;
  }
}

customElements.define("idea-follow", IdeaFollow);
