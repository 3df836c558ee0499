// The comments beside a map, in #map-talk. Links with data-talk open there what stands at their address, which becomes
// that of the page; how one looks at the map is kept in it. What colleagues say appears without touching what is typed.
import { base, stopIn } from "./map-here.js";
import { isQuiet } from "./map-requests.js";

const LOOK = ["zoom", "hide", "persona", "only"];
const panel = () => document.getElementById("map-talk");
const live = () => document.getElementById("talk-live");
let opener = null;

// The address with how this page looks at the map.
function looked(address) {
  const url = new URL(address, location.href);
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (LOOK.includes(name) && !url.searchParams.getAll(name).includes(value)) url.searchParams.append(name, value);
  }
  return url;
}

const here = () => panel().querySelector("[data-url]")?.dataset.url;

function showAddress(address) {
  const url = looked(address);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

export async function openTalk(href) {
  if (panel().hidden) opener = document.activeElement?.id || document.activeElement?.closest("[id]")?.id;
  closeOthers();
  await window.htmx.ajax("GET", looked(href).href, { target: panel(), swap: "innerHTML" }).catch(() => {});
  if (!panel().hasChildNodes()) return;
  (panel().querySelector("textarea") ?? panel().querySelector("h2")).focus();
}

export const openTalkAbout = (element) => openTalk(`${base()}comments/?about=${element}`);

function closeOthers() {
  const dialog = document.getElementById("map-dialog");
  const menu = document.getElementById("map-menu");
  if (dialog?.open) dialog.close();
  if (menu?.matches(":popover-open")) menu.hidePopover();
}

function close() {
  panel().hidden = true;
  panel().replaceChildren();
  showAddress(base());
  const back = opener && document.getElementById(opener);
  const stop = back?.matches("a, button") ? back : stopIn(back);
  (stop ?? document.querySelector("#map [data-stop][tabindex='0']"))?.focus();
}

// Only what others could have changed is drawn anew. A comment that is being edited is left in peace: the answer to it
// brings everything along.
async function refresh(talked) {
  if (panel().hidden || !live() || Number(live().dataset.talked) >= talked) return;
  if (live().querySelector("textarea") || !isQuiet()) return;
  const options = { target: "#talk-live", select: "#talk-live", swap: "outerHTML" };
  await window.htmx.ajax("GET", looked(here()).href, { source: panel(), ...options }).catch(() => {});
}

document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.defaultPrevented) return;
  const link = event.target.closest("[data-talk], [data-talk-close], [data-talk-show]");
  if (!link) return;
  event.preventDefault();
  if ("talkClose" in link.dataset) close();
  else if ("talkShow" in link.dataset) show(new URL(link.href).hash.slice(1));
  else openTalk(link.href);
});

function show(id) {
  const element = document.getElementById(id);
  const stop = stopIn(element);
  stop?.scrollIntoView({ block: "center", inline: "center" });
  stop?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !panel() || panel().hidden) return;
  if (!event.target.closest("#map-talk") || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  close();
});

// What somebody began to write stays in this tab until it has been said.
const draftOf = (area) => `talk ${area.form.getAttribute("action")} ${area.form.elements.about?.value ?? area.id}`;

document.addEventListener("input", ({ target }) => {
  if (target.matches("#map-talk textarea")) sessionStorage.setItem(draftOf(target), target.value);
});
document.addEventListener("map:talked", ({ target }) => {
  const area = target.closest?.("form")?.elements.body;
  if (area) sessionStorage.removeItem(draftOf(area));
});

function restoreDrafts() {
  for (const area of panel().querySelectorAll("textarea")) area.value ||= sessionStorage.getItem(draftOf(area)) ?? "";
}

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== panel()) return;
  panel().hidden = false;
  restoreDrafts();
  if (here()) showAddress(here());
  const last = panel().querySelector(".said-list > :last-child");
  if (detail.requestConfig.verb === "post") last?.scrollIntoView({ block: "nearest" });
});

document.addEventListener("map:at", ({ detail }) => refresh(detail.talked ?? 0));

if (panel()) restoreDrafts();
