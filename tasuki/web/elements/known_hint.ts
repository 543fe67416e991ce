// <known-hint data-address data-fields>: while one types in its form, what is probably there already. It asks when the typing
// rests; without script the form itself tells when it is sent.
const RESTS_MS = 400;

class KnownHint extends HTMLElement {
  #stop = new AbortController();
  #asked: AbortController | undefined;
  #timer: number | undefined;
  #said = "";

  connectedCallback(): void {
    this.#stop = new AbortController();
    this.closest("form")?.addEventListener("input", (event) => this.#onInput(event), { signal: this.#stop.signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#asked?.abort();
    window.clearTimeout(this.#timer);
  }

  #onInput(event: Event): void {
    const fields = (this.dataset.fields ?? "").split(" ");
    if (!(event.target instanceof HTMLInputElement) || !fields.includes(event.target.name)) return;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#ask(fields), RESTS_MS);
  }

  async #ask(fields: string[]): Promise<void> {
    const form = this.closest("form");
    if (!form || !this.dataset.address) return;
    const typed = new FormData(form);
    const said = fields.map((name) => String(typed.get(name) ?? "")).join("\n");
    if (said === this.#said) return;
    this.#said = said;
    this.#asked?.abort();
    this.#asked = new AbortController();
    try {
      const answer = await fetch(this.dataset.address, { method: "POST", body: typed, headers: { "HX-Request": "true" }, signal: this.#asked.signal });
      // To whoever was signed out meanwhile it says where the way in is. What was typed is not thrown away for a hint: sending it leads there too.
      if (!answer.ok || answer.headers.has("HX-Redirect")) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.replaceChildren(...page.body.childNodes);
    } catch {
      // Another letter was typed, or there is no network: the form tells when it is sent.
    }
  }
}

customElements.define("known-hint", KnownHint);
