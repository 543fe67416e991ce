// <page-keys>: ? opens the keys of the page, and G with a letter goes to what the rail marks with that letter. The button of the
// top bar does the same as ?; without script it is a link to the handbook.
import { isForThePage } from "./single_keys";

const WAITS_MS = 1_500;

class PageKeys extends HTMLElement {
  #stop = new AbortController();
  #waiting: number | undefined;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    // Before the others: the letter after a G is not theirs.
    document.addEventListener("keydown", (event) => this.#onKey(event), { ...until, capture: true });
    document.querySelector("[data-part=keys]")?.addEventListener("click", (event) => this.#onButton(event as MouseEvent), until);
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close(), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#forget();
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector<HTMLDialogElement>("dialog")!;
  }

  #forget(): void {
    window.clearTimeout(this.#waiting);
    this.#waiting = undefined;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Shift" || !isForThePage(event)) return;
    const letter = event.key.toLowerCase();
    const waited = this.#waiting !== undefined;
    this.#forget();
    if (waited) {
      const link = /^[a-z]$/.test(letter) && document.querySelector<HTMLAnchorElement>(`.rail a[data-go="${letter}"]`);
      event.stopImmediatePropagation();
      event.preventDefault();
      if (link) link.click();
    } else if (letter === "g" && !event.shiftKey) {
      this.#waiting = window.setTimeout(() => this.#forget(), WAITS_MS);
    } else if (letter === "?") {
      event.preventDefault();
      this.#dialog.showModal();
    }
  }

  #onButton(event: MouseEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#dialog.showModal();
  }
}

customElements.define("page-keys", PageKeys);
