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

function goOn() {
  while (!underway && waiting.length) waiting.shift()();
}

export const isQuiet = () => underway === 0;

// Calls `then` once no change is on its way: at once, where none is.
export function whenQuiet(then) {
  waiting.push(then);
  goOn();
}
