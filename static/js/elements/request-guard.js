// What htmx does when the server does not answer as hoped: nothing is swapped, what was typed stays where it is,
// a message says so and offers to try again. A lost session leads to sign-in and back.
const WORDS = {
  403: "You may not do this here.",
  404: "This is not there any more. Reload the page to see what is.",
  413: "That is too much for one request.",
  429: "Too many requests at once. Wait a moment, then try again.",
};

function say(event, text, again) {
  const { requestConfig: request, elt, etc } = event.detail;
  const reading = request.verb === "get";
  document.dispatchEvent(
    new CustomEvent("jm:toast", {
      detail: {
        text: `${reading ? "Not loaded" : "Not saved"}. ${text}`,
        tone: "bad",
        key: `${request.verb} ${request.path}`,
        action: again && document.contains(elt) ? "Retry" : undefined,
        onAction: () => retry(elt, request, etc),
      },
    }),
  );
}

function retry(elt, request, etc) {
  const trigger = request.triggeringEvent?.type;
  if (elt.matches("form")) elt.requestSubmit();
  else if (trigger && trigger !== "load") window.htmx.trigger(elt, trigger);
  else {
    const values = Object.fromEntries(request.formData);
    window.htmx.ajax(request.verb, request.path, { source: elt, target: request.target, swap: etc?.swapOverride, values });
  }
}

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 401) return signIn();
  say(event, WORDS[status] ?? "The server had a problem; what you entered is still here.", status >= 500 || status === 429);
});

document.addEventListener("htmx:sendError", (event) => {
  const text = navigator.onLine ? "The server cannot be reached" : "You are offline";
  say(event, `${text}; what you entered is still here.`, true);
});

document.addEventListener("htmx:timeout", (event) => say(event, "The server took too long.", true));

// A redirect to the sign-in page is followed by the browser unseen; its form must not land inside the page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { login } = document.body.dataset;
  const { responseURL } = event.detail.xhr;
  if (login && responseURL && new URL(responseURL).pathname === login) {
    event.detail.shouldSwap = false;
    signIn();
  }
});

function signIn() {
  const { login } = document.body.dataset;
  if (!login) return;
  document.dispatchEvent(
    new CustomEvent("jm:toast", {
      detail: {
        text: "Your session has ended. Nothing on this page is lost until you leave it.",
        tone: "bad",
        key: "session",
        action: "Sign in",
        onAction: () => location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`),
      },
    }),
  );
}
