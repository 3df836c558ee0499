// Ctrl+K: the page “Go to” in a dialog. Arrow keys choose, Enter goes, Esc closes. Without this script it is a link.
const dialog = () => document.getElementById("palette");

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
  if (!dialog() || event.defaultPrevented) return;
  event.preventDefault();
  if (dialog().open) dialog().close();
  else open();
});

document.addEventListener("click", (event) => {
  if (event.target === dialog()) return dialog().close();
  const link = event.target.closest("[data-palette]");
  if (!link || !dialog() || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

async function open() {
  const sheet = dialog();
  sheet.replaceChildren();
  await window.htmx.ajax("GET", sheet.dataset.href, { target: sheet, swap: "innerHTML" }).catch(() => {});
  const input = sheet.querySelector("input");
  if (!input || sheet.open) return;
  sheet.showModal();
  input.focus();
}

document.addEventListener("keydown", (event) => {
  const box = event.target.closest("#palette, .go-page");
  if (!box) return;
  const input = box.querySelector("input");
  const items = [...box.querySelectorAll(".menu__item")];
  const at = items.indexOf(document.activeElement);
  if (event.key === "ArrowDown") (items[at + 1] ?? items[0])?.focus();
  else if (event.key === "ArrowUp") (at > 0 ? items[at - 1] : input).focus();
  else if (event.key === "Enter" && event.target === input) items[0]?.click();
  else if (event.key.length === 1 && at >= 0 && !event.ctrlKey && !event.metaKey) return input.focus();
  else return;
  event.preventDefault();
});
