// <flash-toast>: a message that leaves by itself after a while, or at once when dismissed. One that offers something to press
// stays longer; none leaves while the pointer or the focus is in it, or while its page is not looked at. Errors stay.
// U goes to what the newest toast offers; Escape closes it.
import { isForThePage } from "./single_keys";

const STAYS_MS = 7_000;
const STAYS_WITH_AN_ACT_MS = 15_000;

class FlashToast extends HTMLElement {
  #stop = new AbortController();
  #timer: number | undefined;
  #cameFrom: Element | null = null;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.querySelector("[data-part=close]")?.addEventListener("click", () => this.#leave(), until);
    for (const what of ["pointerenter", "focusin"]) this.addEventListener(what, () => this.#wait(), until);
    for (const what of ["pointerleave", "focusout"]) this.addEventListener(what, () => this.#start(), until);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#wait() : this.#start()), until);
    document.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.#start();
    // A live region is read when it changes, not for what it came with.
    window.setTimeout(() => this.#say(), 150);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#wait();
  }

  get #act(): HTMLElement | null {
    return this.querySelector<HTMLElement>("[data-part=act]");
  }

  #say(): void {
    const said = this.closest("dialog")?.querySelector("[data-part=said]") ?? document.querySelector("#said");
    if (!said || !this.isConnected) return;
    const line = document.createElement("p");
    line.textContent = [this.querySelector("[data-part=sentence]")?.textContent, this.#act?.textContent].filter(Boolean).join(" ");
    said.append(line);
    window.setTimeout(() => line.remove(), STAYS_WITH_AN_ACT_MS);
  }

  #wait(): void {
    window.clearTimeout(this.#timer);
  }

  #start(): void {
    this.#wait();
    if (this.hasAttribute("data-stays") || document.hidden || this.matches(":hover, :focus-within")) return;
    this.#timer = window.setTimeout(() => this.#leave(), this.#act ? STAYS_WITH_AN_ACT_MS : STAYS_MS);
  }

  #leave(): void {
    const hadFocus = this.contains(document.activeElement);
    this.remove();
    if (!hadFocus) return;
    const back = this.#cameFrom?.isConnected ? this.#cameFrom : document.querySelector("#main");
    (back as HTMLElement | null)?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.contains(document.activeElement)) return this.#leave();
    if (event.key.toLowerCase() !== "u" || !isForThePage(event)) return;
    const offering = [...document.querySelectorAll("flash-toast:has([data-part=act])")];
    if (offering.at(-1) !== this) return;
    this.#cameFrom = document.activeElement;
    this.#act?.focus();
    event.preventDefault();
  }
}

customElements.define("flash-toast", FlashToast);
