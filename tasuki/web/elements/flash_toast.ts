// <flash-toast>: a message that leaves by itself after a while, or at once when dismissed. Errors stay until dismissed.
const STAYS_MS = 6000;

class FlashToast extends HTMLElement {
  #timer: number | undefined;
  #dismiss = (): void => this.remove();

  connectedCallback(): void {
    this.querySelector("button")?.addEventListener("click", this.#dismiss);
    if (!this.hasAttribute("data-stays")) this.#timer = window.setTimeout(this.#dismiss, STAYS_MS);
  }

  disconnectedCallback(): void {
    window.clearTimeout(this.#timer);
    this.querySelector("button")?.removeEventListener("click", this.#dismiss);
  }
}

customElements.define("flash-toast", FlashToast);
