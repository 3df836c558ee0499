// Arrow keys in popover menus, and their place where the browser cannot anchor them to their button.
const anchored = CSS.supports("position-area", "block-end span-inline-end");

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu[popover]")) return;
    const open = event.newState === "open";
    for (const button of document.querySelectorAll(`[popovertarget="${CSS.escape(menu.id)}"]`)) {
      button.setAttribute("aria-expanded", String(open));
    }
    if (open && !anchored) place(menu);
  },
  { capture: true },
);

function place(menu) {
  const buttons = [...document.querySelectorAll(`[popovertarget="${CSS.escape(menu.id)}"]`)];
  const button = buttons.find((each) => each.offsetParent);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const { offsetWidth: wide, offsetHeight: high } = menu;
  const beside = menu.matches(".menu--side, .menu--up");
  const x = beside ? at.right : at.left;
  const y = beside ? at.top : at.bottom;
  menu.style.inset = "auto";
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - wide - 12))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - high - 12))}px`;
}

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".menu:popover-open");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  if (event.target.matches("input, textarea, select")) return;
  const items = [...menu.querySelectorAll(".menu__item")].filter((item) => item.offsetParent);
  if (!items.length) return;
  event.preventDefault();
  const here = items.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here < 0 ? -1 : here - 1, Home: 0, End: -1 }[event.key];
  items.at(next % items.length).focus();
});
