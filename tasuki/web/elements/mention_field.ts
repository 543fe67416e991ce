// <mention-field>: a text area in which “@” and the beginning of a name open a list of colleagues. The text keeps the focus; the arrow
// keys walk, Enter or Tab choose, Escape closes. The id of who was chosen goes along, for names that several people have.
import { OptionList, offeredFor } from "./option_list";

const PAUSE_MS = 120;
const LONGEST = 40;

class MentionField extends HTMLElement {
  #stop = new AbortController();
  #asked: AbortController | undefined;
  #waiting: number | undefined;
  #offered!: OptionList;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    const list = this.querySelector<HTMLElement>("[role=listbox]")!;
    this.#offered = new OptionList(list, this.#text);
    this.#text.addEventListener("input", () => this.#look(), until);
    this.#text.addEventListener("click", () => this.#look(), until);
    this.#text.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.#text.addEventListener("blur", () => this.#close(), until);
    // Before the text loses the focus.
    list.addEventListener("pointerdown", (event) => this.#onPress(event), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#close();
  }

  get #text(): HTMLTextAreaElement {
    return this.querySelector("textarea")!;
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
    const offered = await offeredFor(typed, this.dataset.href ?? "", this.#asked.signal);
    if (!offered) return;
    const n = this.#offered.show(offered, true);
    if (n) this.querySelector("[role=status]")!.textContent = (this.dataset.found ?? "").replace("{n}", String(n));
  }

  #onKey(event: KeyboardEvent): void {
    const chosen = this.#offered.marked;
    if (event.isComposing || !chosen) return;
    if (event.key === "ArrowDown") this.#offered.walk(1);
    else if (event.key === "ArrowUp") this.#offered.walk(-1);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(chosen);
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
    this.#offered.close();
  }
}

customElements.define("mention-field", MentionField);
