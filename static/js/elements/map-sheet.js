// What opens over the map: the menu #map-menu (links with data-menu) and the dialog #map-dialog (data-dialog).
// Their content comes from the very address of the link. They close when what was asked in them has been done.
const menu = () => document.getElementById("map-menu");
const dialog = () => document.getElementById("map-dialog");
let opener = null;

async function load(href, target) {
  target.replaceChildren();
  await window.htmx.ajax("GET", href, { target, swap: "innerHTML" }).catch(() => {});
  window.htmx.process(target); // which htmx itself does a moment later; a fast hand would send a form past it
  return target.hasChildNodes();
}

export async function openMenu(link) {
  const sheet = menu();
  if (sheet.matches(":popover-open")) sheet.hidePopover();
  if (await load(link.href || link.dataset.href, sheet)) unfold(link);
}

function unfold(link) {
  const sheet = menu();
  opener = link;
  if (link.role !== "slider") link.setAttribute("aria-expanded", "true");
  sheet.showPopover({ source: link });
  if (!CSS.supports("position-area", "block-end span-inline-end")) place(sheet, link);
  (sheet.querySelector("input:checked") ?? sheet.querySelector(".menu__item, input:not([type=hidden]), button"))?.focus();
}

export async function openDialog(href) {
  const sheet = dialog();
  menu().matches(":popover-open") && menu().hidePopover();
  if (await load(href, sheet)) show(sheet);
}

function show(sheet) {
  if (!sheet.open) sheet.showModal();
  (sheet.querySelector("[autofocus]") ?? sheet.querySelector("textarea, input:not([type=hidden]), select"))?.focus();
}

function place(sheet, link) {
  const at = link.getBoundingClientRect();
  sheet.style.inset = "auto";
  sheet.style.left = `${Math.max(4, Math.min(at.left, innerWidth - sheet.offsetWidth - 12))}px`;
  sheet.style.top = `${Math.max(4, Math.min(at.bottom, innerHeight - sheet.offsetHeight - 12))}px`;
}

function plain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

document.addEventListener("click", (event) => {
  if (!plain(event) || !dialog()) return;
  const link = event.target.closest("[data-menu], [data-dialog], [data-close]");
  if (!link || event.defaultPrevented) return;
  event.preventDefault();
  if ("close" in link.dataset) dialog().close();
  else if ("menu" in link.dataset) openMenu(link);
  else openDialog(link.href);
});

document.addEventListener("toggle", (event) => {
  if (event.target === menu() && event.newState === "closed") opener?.removeAttribute("aria-expanded");
}, { capture: true });

// A question or a form with mistakes arrives in the dialog although something else was to be changed.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === dialog()) {
    if (menu().matches(":popover-open")) menu().hidePopover();
    show(dialog());
  } else if (event.detail.target === menu() && !menu().matches(":popover-open") && menu().querySelector("[role=alert]")) {
    const action = menu().querySelector("form").getAttribute("action");
    unfold(document.querySelector(`[data-menu]:is([href="${action}"], [data-href="${action}"])`) ?? document.body);
  }
});

// Done: heard on the form that asked, before its answer is put in place.
document.addEventListener("map:saved", (event) => {
  if (menu()?.contains(event.target)) menu().hidePopover();
  if (dialog()?.contains(event.target)) dialog().close();
});

// A button that stands outside its form (form="…") is part of what is sent, which htmx leaves out.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const button = detail.triggeringEvent?.submitter;
  if (button?.name && !detail.elt.contains(button)) detail.parameters[button.name] = button.value;
});
