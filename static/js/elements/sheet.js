// <a href="…" data-sheet>: opens that page in the dialog #sheet. Without this script it is a link.
const sheet = () => document.getElementById("sheet");

document.addEventListener("click", async (event) => {
  const dialog = sheet();
  if (event.target === dialog) return dialog.close();
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (dialog?.open && event.target.closest("[data-close]")) {
    event.preventDefault();
    return dialog.close();
  }
  const link = event.target.closest("a[data-sheet]");
  if (!link || !dialog) return;
  event.preventDefault();
  dialog.replaceChildren();
  await window.htmx.ajax("GET", link.href, { target: dialog, swap: "innerHTML" }).catch(() => {});
  if (dialog.firstElementChild && !dialog.open) dialog.showModal();
});
