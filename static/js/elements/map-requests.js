// Which changes of the map are on their way from this page, so that others can wait for their answers.
const waiting = [];
let underway = 0;

document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig.verb === "get") return;
  underway += 1;
  // The event that comes however it ends, after the answer has been put in place.
  xhr.addEventListener("loadend", () => {
    underway -= 1;
    goOn();
  });
});

// What draws the whole grid anew waits for the saves of single cards: their answers belong on the grid that asked.
document.addEventListener("htmx:confirm", (event) => {
  const { verb, target, issueRequest } = event.detail;
  if (verb === "get" || target?.id !== "map" || isQuiet()) return;
  event.preventDefault();
  whenQuiet(() => issueRequest(true));
});

function goOn() {
  while (!underway && waiting.length) waiting.shift()();
}

export const isQuiet = () => underway === 0;

// Calls `then` once no change is on its way: at once, where none is.
export function whenQuiet(then) {
  waiting.push(then);
  goOn();
}
