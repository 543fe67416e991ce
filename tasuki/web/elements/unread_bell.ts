// <unread-bell>: the count beside the bell, brought up to date when the page is looked at again, and every minute while it is.
const EVERY_MS = 60_000;
const SOON_MS = 5_000;

class UnreadBell extends HTMLElement {
  #stop = new AbortController();
  #timer: number | undefined;
  #askedAt = performance.now();

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    document.addEventListener("visibilitychange", () => this.#look(), until);
    window.addEventListener("focus", () => this.#look(), until);
    this.#timer = window.setInterval(() => this.#look(), EVERY_MS);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    window.clearInterval(this.#timer);
  }

  #look(): void {
    if (document.hidden || performance.now() - this.#askedAt < SOON_MS) return;
    this.#askedAt = performance.now();
    void this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      const answer = await fetch(this.dataset.href!, { signal: this.#stop.signal, headers: { "HX-Request": "true" } });
      // Whoever was signed out meanwhile gets an empty answer that leads to the way in.
      if (answer.ok && !answer.headers.has("HX-Redirect")) this.querySelector("a")!.innerHTML = await answer.text();
    } catch {
      // Without a network the count stays as it was.
    }
  }
}

customElements.define("unread-bell", UnreadBell);
