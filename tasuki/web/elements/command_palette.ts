// <command-palette>: ⌘K or Ctrl-K, or a click into the search of the top bar, opens the dialog. What is typed is asked of the
// server, which answers with options; the field keeps the focus and walks through them. Do: what this very page offers to do.
// That is asked for with the first opening: a first page goes without it.
import type * as Things from "./things_to_do";

const WAIT_MS = 60;

class CommandPalette extends HTMLElement {
  #stop = new AbortController();
  #asked: AbortController | undefined;
  #waiting: number | undefined;
  #shown: string | undefined;
  #pressed: KeyboardEvent | undefined;
  #from: Element | null = null;
  #things: Promise<typeof Things> | undefined;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    document.addEventListener("keydown", (event) => this.#onShortcut(event), until);
    document.addEventListener("click", (event) => (event.target as Element).closest(".omni") && this.#open(), until);
    this.#dialog.addEventListener("click", (event) => this.#onClick(event), until);
    this.#dialog.addEventListener("close", () => this.#forget(), until);
    this.#field.addEventListener("input", () => this.#ask(WAIT_MS), until);
    this.#field.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.#form.addEventListener("submit", (event) => event.preventDefault(), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#forget();
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector<HTMLDialogElement>("dialog")!;
  }

  get #form(): HTMLFormElement {
    return this.querySelector<HTMLFormElement>("form")!;
  }

  get #field(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("[role=combobox]")!;
  }

  get #list(): HTMLElement {
    return this.querySelector<HTMLElement>("[role=listbox]")!;
  }

  get #options(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>("[role=option]")];
  }

  #onShortcut(event: KeyboardEvent): void {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (this.#dialog.open) this.#dialog.close();
    else this.#open();
  }

  #open(): void {
    if (this.#dialog.open || document.querySelector("dialog[open]")) return;
    this.#things ??= import(this.dataset.things!);
    this.#from = document.activeElement;
    this.#field.value = document.querySelector<HTMLInputElement>(".omni-input")?.value ?? "";
    this.#dialog.showModal();
    this.#field.select();
    this.#ask(0);
  }

  #forget(): void {
    window.clearTimeout(this.#waiting);
    this.#asked?.abort();
    this.#list.replaceChildren();
    this.#shown = this.#pressed = undefined;
  }

  #ask(wait: number): void {
    window.clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => void this.#answer(this.#field.value), wait);
  }

  async #answer(text: string): Promise<void> {
    this.#asked?.abort();
    this.#asked = new AbortController();
    try {
      const response = await fetch(`${this.#form.action}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" }, signal: this.#asked.signal });
      const elsewhere = response.headers.get("HX-Redirect");
      if (elsewhere) window.location.assign(elsewhere);
      else if (response.ok) this.#show(await response.text(), text, await this.#things!);
    } catch (error) {
      // Another letter was typed, or the palette was closed: the answer is not wanted any more.
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    }
  }

  #show(answer: string, text: string, things: typeof Things): void {
    this.#list.innerHTML = answer;
    const said = this.#list.querySelector<HTMLElement>("[data-part=answer]");
    things.leaveOutHere(this.#list);
    const after = this.#list.querySelector("[data-part=pages], [data-part=handbook]");
    for (const group of things.thingsToDo(text, this.dataset.do ?? "", this.#from)) this.#list.insertBefore(group, after);
    const options = this.#options;
    this.querySelector<HTMLElement>("[data-part=count]")!.textContent = options.length ? (said?.dataset.count ?? "") : (this.dataset.none ?? "");
    this.querySelector<HTMLElement>("[data-part=time]")!.textContent = said?.dataset.time ?? "";
    said?.remove();
    this.#field.setAttribute("aria-expanded", String(options.length > 0));
    this.#select(options[0]);
    this.#shown = text;
    if (this.#pressed) this.#follow(this.#pressed);
  }

  #select(chosen: HTMLElement | undefined): void {
    for (const option of this.#options) option.setAttribute("aria-selected", String(option === chosen));
    this.#field.setAttribute("aria-activedescendant", chosen?.id ?? "");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #onKey(event: KeyboardEvent): void {
    // What is being composed in Korean or Japanese keeps its Enter and its arrows.
    if (event.isComposing) return;
    if (event.key !== "Enter") this.#pressed = undefined;
    const options = this.#options;
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const last = options.length - 1;
    const to = { ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, PageDown: Math.min(at + 8, last), PageUp: Math.max(at - 8, 0) }[event.key];
    if (to !== undefined) this.#select(options[to]);
    else if (event.key === "Enter") this.#follow(event);
    else return;
    event.preventDefault();
  }

  #follow(event: KeyboardEvent): void {
    // Enter is often pressed before the answer to the last letter is there; it means that answer, not the one before.
    this.#pressed = this.#shown === this.#field.value ? undefined : event;
    if (this.#pressed) return;
    const option = this.#list.querySelector<HTMLElement>("[aria-selected=true]");
    if ((event.ctrlKey || event.metaKey) && option instanceof HTMLAnchorElement) window.open(option.href, "_blank", "noopener");
    else option?.click();
  }

  #onClick(event: MouseEvent): void {
    // A click beside the dialog is a click on its backdrop, which is the dialog itself.
    const isOver = event.target === this.#dialog || (event.target as Element).closest("[data-part=close], [role=option]");
    if (isOver && !event.ctrlKey && !event.metaKey) this.#dialog.close();
  }
}

customElements.define("command-palette", CommandPalette);
