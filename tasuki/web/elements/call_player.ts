// <call-player>: around a page with one <audio>. A click on [data-second] plays from there instead of loading the page anew, and
// [data-take="id"] writes the moment that is played into the field of that id. Without script the links load the page at their moment.
class CallPlayer extends HTMLElement {
  #heard = new AbortController();

  connectedCallback(): void {
    this.#heard = new AbortController();
    this.addEventListener("click", (event) => this.#clicked(event), { signal: this.#heard.signal });
  }

  disconnectedCallback(): void {
    this.#heard.abort();
  }

  get #audio(): HTMLAudioElement | null {
    return this.querySelector("audio");
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const moment = target.closest<HTMLElement | SVGElement>("[data-second]");
    const taking = target.closest<HTMLElement>("[data-take]");
    const audio = this.#audio;
    if (!audio) return;
    // A new tab stays a new tab.
    if (moment && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      this.#play(audio, Number(moment.dataset.second));
    } else if (taking) {
      const field = this.querySelector<HTMLInputElement>(`#${CSS.escape(taking.dataset.take ?? "")}`);
      if (field) field.value = clock(audio.currentTime);
      field?.focus();
    }
  }

  #play(audio: HTMLAudioElement, second: number): void {
    const from = (): void => {
      audio.currentTime = second;
      // A browser may ask the person to press play themselves.
      audio.play().catch(() => audio.focus());
    };
    if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) return from();
    audio.addEventListener("loadedmetadata", from, { once: true, signal: this.#heard.signal });
    audio.load();
  }
}

function clock(time: number): string {
  const seconds = Math.floor(time);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

customElements.define("call-player", CallPlayer);
