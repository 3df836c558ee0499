// <jm-question> around the form of a question: it asks as soon as something changes (the form's event "ask"), sliders say
// their value while they move, a condition is asked only once it is added ([data-draft]), names and values are suggested,
// and the button that is only needed without script goes away.
// The underlined parts of the sentence (a[data-control]) open their control.
// Milliseconds: what changes so soon after a question was asked may change on, and is asked after a pause.
const SOON = 120;
const PAUSE = 60;

class Question extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    for (const button of this.querySelectorAll("[data-without-script]")) button.hidden = true;
    this.addEventListener("input", (event) => {
      this.say(event.target);
      this.find(event.target);
      // A name that is picked from the list is whole; one that is typed is when the field is left.
      if (event.target.type === "range" || isPicked(event)) this.change();
    });
    this.addEventListener("change", () => this.change());
    // A row that is being filled in is no part of the question until it is added.
    this.addEventListener("change", (event) => event.target.closest("[data-draft]") && event.stopPropagation(), true);
    this.addEventListener("focusin", (event) => this.offer(event.target));
    for (const slider of this.querySelectorAll("[type=range]")) this.say(slider);
  }

  change() {
    clearTimeout(this.pause);
    if (performance.now() - this.asked < SOON) this.pause = setTimeout(() => this.ask(), PAUSE);
    else this.ask();
  }

  // Moving a slider with a key says twice that it has moved.
  ask() {
    const said = new URLSearchParams(new FormData(this.form)).toString();
    if (said === this.said) return;
    [this.said, this.asked] = [said, performance.now()];
    this.form.dispatchEvent(new Event("ask"));
  }

  // The values that were seen of the property which the condition is about.
  offer(field) {
    if (!field.matches("[data-values]")) return;
    const name = field.closest(".cond__f").querySelector("[data-property]").value;
    const known = [...document.querySelectorAll("#properties option")].find((option) => option.value === name);
    field.setAttribute("list", known?.dataset.values ?? "");
  }

  // Names of events beyond the most frequent ones.
  find(field) {
    const { list, value } = field;
    if (list?.id !== "event-names" || !list.dataset.url || !value) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const answer = await fetch(`${list.dataset.url}&q=${encodeURIComponent(value)}`);
      if (answer.ok && field.value === value) list.innerHTML = await answer.text();
    }, 150);
  }

  say(slider) {
    const output = slider.type === "range" && slider.id && this.querySelector(`output[for="${slider.id}"]`);
    if (!output) return;
    const { before, one, many } = output.dataset;
    const unit = slider.value === "1" ? one : many;
    output.textContent = [before, slider.value, unit].filter(Boolean).join(" ");
  }
}

function isPicked({ target, inputType }) {
  return target.list && !target.closest("[data-draft]") && (inputType === undefined || inputType === "insertReplacementText");
}

customElements.define("jm-question", Question);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-control]");
  if (!link) return;
  const control = document.getElementById(link.dataset.control);
  if (!control) return;
  event.preventDefault();
  const builder = control.closest(".builder");
  if (builder && !builder.checkVisibility()) builder.showPopover();
  control.scrollIntoView({ block: "nearest" });
  const picker = control.querySelector("jm-event-picker");
  control.closest("details")?.setAttribute("open", "");
  if (picker) control.querySelector("[popovertarget]").click();
  else if (control.matches(".conds")) control.querySelector("summary").focus();
  else (control.matches("input, select") ? control : control.querySelector("input:checked, input, select"))?.focus();
});

// A new answer stands where the old one was scrolled to.
const scrollers = ".flow, .panel, .tables";
let places = new Map();

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "answer") return;
  places = new Map();
  for (const element of document.querySelectorAll(scrollers)) {
    places.set(element.classList[0], [element.scrollLeft, element.scrollTop]);
  }
  // htmx takes leave of every single element that it removes; a picture has thousands, and none needs it.
  if (event.detail.shouldSwap) event.detail.target.querySelector(".flow__svg")?.replaceChildren();
});

// Said of every element that came; they stand in the document by then.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "answer") return;
  // What the chart is called as long as nobody has given it a name.
  const name = document.querySelector(".head__input");
  if (name) name.placeholder = document.getElementById("answer").dataset.title;
  for (const element of document.querySelectorAll(scrollers)) {
    const [left, top] = places.get(element.classList[0]) ?? [0, 0];
    if (left || top) element.scrollTo(left, top);
  }
  showPicked();
});

// The open bar is in sight, also for whoever follows a link to it.
function showPicked() {
  document.querySelector(".flow .f-n[aria-current] .f-node")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
showPicked();
