// Asks before a form with data-confirm is sent, and before any request with hx-confirm, in the dialog #confirm.
// On the form or the button: data-confirm (question), data-confirm-text (what goes, what stays), data-confirm-action (the verb).
function ask(question, { confirmText = "", confirmAction = "Continue" } = {}) {
  const dialog = document.getElementById("confirm");
  if (!dialog) return Promise.resolve(window.confirm(question));
  dialog.querySelector(".dialog__h").textContent = question;
  const text = dialog.querySelector(".dialog__b");
  text.textContent = confirmText;
  text.hidden = !confirmText;
  dialog.querySelector("[value=yes]").textContent = confirmAction;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

const agreed = new WeakSet();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const asked = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!asked.dataset.confirm || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    ask(asked.dataset.confirm, asked.dataset).then((yes) => {
      if (!yes) return;
      agreed.add(form);
      form.requestSubmit(submitter);
    });
  },
  { capture: true },
);

document.addEventListener("htmx:confirm", (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  ask(question, elt.dataset).then((yes) => yes && issueRequest(true));
});
