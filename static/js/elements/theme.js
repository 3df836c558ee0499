// <jm-theme>: three buttons, one theme. The choice is a cookie, so that the server renders it and nothing flashes.
const YEAR = 365 * 24 * 3600;

class Theme extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) choose(button.value);
    });
  }
}

function choose(theme) {
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR : 0}; samesite=lax`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("jm-theme button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

customElements.define("jm-theme", Theme);
