// <desk-slots data-address>: the free times of whoever is to hold a meeting. They are loaded when a meeting is the result, and not before;
// a digit picks one, the arrows move, 0 shows later ones. Without script a button asks for them, and the page comes back with them.
import { tell } from "./answers";
import { asked } from "./desk_parts";

class DeskSlots extends HTMLElement {
  #stop = new AbortController();
  /** Until the times are there: who presses Enter before waits for them, and books the first. */
  ready: Promise<void> = Promise.resolve();

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.addEventListener("change", (event) => this.#onChange(event), until);
    this.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.addEventListener("click", (event) => this.#onClick(event), until);
    this.closest(".callbar")?.addEventListener("change", (event) => (event.target as Element).id === "result-mtg" && this.load(), until);
    // The times came with the page: the one that was chosen is taken, and these are the next.
    if (this.#times) this.#focus();
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  get #times(): Element | null {
    return this.querySelector("[data-part=times]");
  }

  /** Once for each lead and call. */
  load(): void {
    if (!this.#times) this.#ask();
  }

  async open(): Promise<void> {
    this.load();
    await this.ready;
    if (!this.contains(document.activeElement)) this.#focus();
  }

  #focus(): void {
    (this.querySelector<HTMLElement>("input[name=slot]:checked") ?? this.querySelector<HTMLElement>("select, input"))?.focus();
  }

  #ask(from = ""): void {
    this.ready = this.ready.then(() => this.#show(from));
  }

  async #show(from: string): Promise<void> {
    const form = document.querySelector<HTMLFormElement>("form#outcome");
    if (!form || !this.dataset.address) return;
    const sent = new FormData(form);
    if (from) sent.set("from", from);
    const answer = await asked(this.dataset.address, sent);
    if (!answer) return;
    if (!answer.response.ok) return tell(answer.page);
    const here = this.contains(document.activeElement) ? document.activeElement!.id : "";
    this.replaceChildren(...answer.page.body.childNodes);
    if (here) (document.getElementById(here) ?? this.querySelector<HTMLElement>("input[name=slot]:checked"))?.focus();
  }

  #onChange(event: Event): void {
    const field = event.target as HTMLInputElement;
    const other = this.querySelector<HTMLInputElement>("#held-by-name ~ input[type=hidden], input#held-by-name");
    if (field.id === "held-by" && other) other.value = "";
    if (field.name !== "slot") this.#ask();
  }

  #onKey(event: KeyboardEvent): void {
    if (!/^\d$/.test(event.key) || !(event.target as Element).matches("input[name=slot], button") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    event.preventDefault();
    if (event.key === "0") return this.querySelector<HTMLElement>("[data-part=later]")?.click();
    const slot = this.querySelector<HTMLInputElement>(`#slot-${event.key}`);
    if (slot) slot.checked = true;
    slot?.focus();
  }

  #onClick(event: MouseEvent): void {
    const later = (event.target as Element).closest<HTMLButtonElement>("[data-part=later]");
    if (!later) return;
    event.preventDefault();
    this.#ask(later.value);
  }
}

customElements.define("desk-slots", DeskSlots);

export function slotsIn(desk: Element): DeskSlots | null {
  return desk.querySelector<DeskSlots>("desk-slots");
}
