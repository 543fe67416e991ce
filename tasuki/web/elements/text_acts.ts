// <text-acts data-of="id">: copies the text of that element with one press, or prints the page. Without script the buttons are not there.
const SHOWN_MS = 2_000;

class TextActs extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    this.#stop = new AbortController();
    for (const button of this.querySelectorAll("button")) button.hidden = false;
    this.addEventListener("click", (event) => void this.#act(event), { signal: this.#stop.signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  async #act(event: Event): Promise<void> {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-act]");
    if (button?.dataset.act === "print") window.print();
    if (button?.dataset.act !== "copy") return;
    await copied(document.getElementById(this.dataset.of ?? "")?.textContent ?? "");
    this.#say(button);
  }

  #say(button: HTMLButtonElement): void {
    const label = button.querySelector("span");
    const status = this.querySelector("[role=status]");
    const before = label?.textContent ?? "";
    const said = this.dataset.said ?? "";
    if (!label || before === said) return;
    label.textContent = said;
    if (status) status.textContent = said;
    window.setTimeout(() => {
      label.textContent = before;
      if (status) status.textContent = "";
    }, SHOWN_MS);
  }
}

/** A page that did not come over TLS has no clipboard but the old one. */
async function copied(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

customElements.define("text-acts", TextActs);
