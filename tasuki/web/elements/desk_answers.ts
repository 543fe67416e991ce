// <desk-answers>: objections are found while one listens; Enter in the search goes to the first, Enter there puts it into the note and marks
// it as met. Without script the search is a page and the mark a form.
import { answered } from "./answers";

class DeskAnswers extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    this.#stop = new AbortController();
    this.addEventListener("submit", (event) => this.#onSubmit(event), { signal: this.#stop.signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  #onSubmit(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    if (form.method === "get") void this.#find(form);
    else if (event.submitter) void this.#use(event.submitter, new FormData(form));
  }

  async #find(form: HTMLFormElement): Promise<void> {
    const query = new URLSearchParams({ q: String(new FormData(form).get("q") ?? "") });
    const answer = await answered(`${form.action}?${query}`, { headers: { "HX-Request": "true" } });
    if (answer?.response.ok) this.querySelector(".objections")!.replaceChildren(...answer.page.body.childNodes);
    this.querySelector<HTMLElement>(".objection-use")?.focus();
  }

  /** One key: what they said stands in the note, and is counted. */
  async #use(button: HTMLElement, sent: FormData): Promise<void> {
    const note = document.querySelector<HTMLTextAreaElement>("#desk-note");
    if (note) note.value = [note.value.trim(), `“${button.dataset.words}”`].filter(Boolean).join("\n");
    note?.focus();
    await answered(button.getAttribute("formaction")!, { method: "POST", body: sent, headers: { "HX-Request": "true" } });
  }
}

customElements.define("desk-answers", DeskAnswers);
