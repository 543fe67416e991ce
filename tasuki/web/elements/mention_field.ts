// <mention-field>: a text area in which “@” and the beginning of a name open a list of colleagues. The text keeps the focus; the arrow
// keys walk, Enter or Tab choose, Escape closes. The id of who was chosen goes along, for names that several people have.
const PAUSE_MS = 120;
const LONGEST = 40;

class MentionField extends HTMLElement {
  #stop = new AbortController();
  #asked: AbortController | undefined;
  #waiting: number | undefined;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.#text.setAttribute("aria-autocomplete", "list");
    this.#text.setAttribute("aria-controls", (this.#list.id ||= `${this.#text.id}-colleagues`));
    this.#text.addEventListener("input", () => this.#look(), until);
    this.#text.addEventListener("click", () => this.#look(), until);
    this.#text.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.#text.addEventListener("blur", () => this.#close(), until);
    // Before the text loses the focus.
    this.#list.addEventListener("pointerdown", (event) => this.#onPress(event), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#close();
  }

  get #text(): HTMLTextAreaElement {
    return this.querySelector("textarea")!;
  }

  get #list(): HTMLElement {
    return this.querySelector<HTMLElement>("[role=listbox]")!;
  }

  get #options(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>("[role=option]")];
  }

  get #chosen(): HTMLElement | undefined {
    return this.#options.find((option) => option.getAttribute("aria-selected") === "true");
  }

  /** What is typed behind the last “@” before the caret; nothing when that is no mention. */
  #typed(): string | undefined {
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    return /(?:^|[^\p{L}\p{N}@.+_-])[@＠]([^@＠\n]*)$/u.exec(before)?.[1];
  }

  #look(): void {
    window.clearTimeout(this.#waiting);
    const typed = this.#typed();
    if (typed === undefined || typed.length > LONGEST || /^\s/.test(typed)) return this.#close();
    this.#waiting = window.setTimeout(() => void this.#ask(typed), PAUSE_MS);
  }

  async #ask(typed: string): Promise<void> {
    this.#asked?.abort();
    this.#asked = new AbortController();
    try {
      const answer = await fetch(`${this.dataset.href}?q=${encodeURIComponent(typed)}`, { signal: this.#asked.signal, headers: { "HX-Request": "true" } });
      if (answer.ok) this.#show(await answer.text());
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.#close();
    }
  }

  #show(html: string): void {
    this.#list.innerHTML = html;
    const n = this.#options.length;
    if (!n) return this.#close();
    this.#list.hidden = false;
    this.#select(0);
    this.querySelector("[role=status]")!.textContent = (this.dataset.found ?? "").replace("{n}", String(n));
  }

  #select(nth: number): void {
    this.#options.forEach((option, index) => option.setAttribute("aria-selected", String(index === nth)));
    const option = this.#options[nth];
    if (!option) return;
    option.scrollIntoView({ block: "nearest" });
    this.#text.setAttribute("aria-activedescendant", option.id);
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#list.hidden || event.isComposing || !this.#chosen) return;
    const at = this.#options.indexOf(this.#chosen);
    if (event.key === "ArrowDown") this.#select((at + 1) % this.#options.length);
    else if (event.key === "ArrowUp") this.#select((at - 1 + this.#options.length) % this.#options.length);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#chosen);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #onPress(event: Event): void {
    event.preventDefault();
    const option = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (option) this.#take(option);
  }

  #take(option: HTMLElement): void {
    const caret = this.#text.selectionStart;
    const from = caret - (this.#typed() ?? "").length;
    this.#text.setRangeText(`${option.dataset.name} `, from, caret, "end");
    const meant = document.createElement("input");
    Object.assign(meant, { type: "hidden", name: "meant", value: option.dataset.id });
    this.append(meant);
    this.#close();
  }

  #close(): void {
    window.clearTimeout(this.#waiting);
    this.#asked?.abort();
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#text.removeAttribute("aria-activedescendant");
  }
}

customElements.define("mention-field", MentionField);
