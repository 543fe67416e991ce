// <desk-facts data-address>: what is typed for a fact is kept as soon as its field is left; the fields themselves stay, for somebody is
// typing in the next one. Without script they are kept with the result of the call.
import { answered, tell } from "./answers";

class DeskFacts extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    this.#stop = new AbortController();
    this.addEventListener("change", (event) => void this.#onChange(event), { signal: this.#stop.signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  async #onChange(event: Event): Promise<void> {
    const field = event.target as HTMLInputElement;
    if (!field.form || !this.dataset.address) return;
    const answer = await answered(this.dataset.address, { method: "POST", body: new FormData(field.form), headers: { "HX-Request": "true" } });
    if (!answer?.response.ok) return answer && tell(answer.page);
    for (const one of answer.page.querySelectorAll("[id^=mark-], [id^=seen-], [id^=source-], #fact-count")) this.querySelector(`#${one.id}`)?.replaceWith(one);
  }
}

customElements.define("desk-facts", DeskFacts);
