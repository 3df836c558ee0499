// <jm-file-drop><form enctype="multipart/form-data">…<label class="drop"><input type="file"></label>…</form></jm-file-drop>
// A file that is dropped or chosen is sent at once, with its progress; the answer leads on, or says what is wrong.
class FileDrop extends HTMLElement {
  connectedCallback() {
    this.hideButton();
    this.addEventListener("dragover", (event) => this.over(event, true));
    this.addEventListener("dragleave", (event) => this.over(event, false));
    this.addEventListener("drop", (event) => this.drop(event));
    this.addEventListener("change", () => this.querySelector("form").requestSubmit());
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(event.target);
    });
  }

  hideButton() {
    for (const button of this.querySelectorAll("[data-without-script]")) button.hidden = true;
  }

  over(event, inside) {
    event.preventDefault();
    this.querySelector(".drop").toggleAttribute("data-over", inside);
  }

  drop(event) {
    this.over(event, false);
    if (!event.dataTransfer.files.length) return;
    this.querySelector("input[type=file]").files = event.dataTransfer.files;
    this.querySelector("form").requestSubmit();
  }

  send(form) {
    if (this.sending) return;
    const { files } = this.querySelector("input[type=file]");
    if (files[0]?.size > Number(this.dataset.most ?? Infinity)) return this.failed("This file is too large.");
    const request = new XMLHttpRequest();
    this.sending = request;
    const bar = this.querySelector(".filedrop__bar");
    const said = this.querySelector("[data-said]");
    bar.hidden = false;
    said.textContent = "Uploading";
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      const percent = Math.floor((100 * event.loaded) / event.total);
      bar.querySelector(".progress").style.setProperty("--p", `${percent}%`);
      said.textContent = percent < 100 ? `Uploading, ${percent} %` : "Reading it";
    });
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.failed("The server cannot be reached. Choose the file again."));
    request.open("POST", form.action);
    request.send(new FormData(form));
  }

  answered(request) {
    this.sending = null;
    if (request.status === 200 && new URL(request.responseURL).pathname !== new URL(this.querySelector("form").action).pathname) {
      location.assign(request.responseURL);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const answer = page.querySelector("jm-file-drop");
    if (answer) {
      this.replaceChildren(...answer.childNodes);
      this.hideButton();
    } else this.failed(request.status === 413 ? "This file is too large." : "The server had a problem with this file.");
  }

  failed(text) {
    this.sending = null;
    this.querySelector(".filedrop__bar").hidden = true;
    document.dispatchEvent(new CustomEvent("jm:toast", { detail: { text, tone: "bad", key: "upload" } }));
  }
}

customElements.define("jm-file-drop", FileDrop);
