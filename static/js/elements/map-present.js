// Presenting: ← and → (or Page Up, Page Down, Space) go from stage to stage, F fills the screen, Esc ends it.
const KEYS = { ArrowRight: "next", PageDown: "next", " ": "next", ArrowLeft: "prev", PageUp: "prev" };
const button = document.querySelector("[data-fullscreen]");

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.querySelector(".main").requestFullscreen().catch(() => {});
}

button.hidden = !document.fullscreenEnabled;
button.addEventListener("click", fill);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, dialog, button, [popover]")) return;
  if (KEYS[event.key]) document.querySelector(`#present [rel=${KEYS[event.key]}]`)?.click();
  else if (event.key.toLowerCase() === "f") fill();
  else if (event.key === "Escape" && !document.fullscreenElement) document.querySelector("[data-leave]").click();
  else return;
  event.preventDefault();
});
