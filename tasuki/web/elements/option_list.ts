// The options below a text field that keeps the focus: shown as the server wrote them, walked, and told to a screen reader by the field.

/** What the server offers for what is typed: nothing in it without network or when nobody is signed in any more. None when another letter was typed. */
export async function offeredFor(typed: string, href: string, signal: AbortSignal): Promise<DocumentFragment | undefined> {
  try {
    const answer = await fetch(`${href}${href.includes("?") ? "&" : "?"}q=${encodeURIComponent(typed)}`, { headers: { "HX-Request": "true" }, signal });
    if (answer.ok && !answer.headers.has("HX-Redirect")) return document.createRange().createContextualFragment(await answer.text());
  } catch {
    if (signal.aborted) return undefined;
  }
  return document.createDocumentFragment();
}

export class OptionList {
  constructor(
    private readonly list: HTMLElement,
    private readonly field: HTMLElement,
  ) {
    this.list.id ||= `${field.id}-options`;
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
  }

  get options(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>("[role=option]")];
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  /** The one that has the focus in the eyes of whoever looks. */
  get marked(): HTMLElement | undefined {
    return this.options.find((option) => option.getAttribute("aria-selected") === "true");
  }

  /** Put options there, and mark the first if that is wanted; without any the list stays closed. → how many there are. */
  show(offered: DocumentFragment, marksFirst: boolean): number {
    this.list.replaceChildren(offered);
    const n = this.options.length;
    if (!n) this.close();
    else this.list.hidden = false;
    this.options.forEach((option, nth) => (option.id = `${this.list.id}-${nth}`));
    if (this.field.role === "combobox") this.field.setAttribute("aria-expanded", String(n > 0));
    if (n) this.mark(marksFirst ? 0 : -1);
    return n;
  }

  /** So many on from the marked one, round and round. */
  walk(by: number): void {
    const n = this.options.length;
    const at = this.options.indexOf(this.marked!);
    this.mark(at < 0 ? (by > 0 ? 0 : n - 1) : (at + by + n) % n);
  }

  private mark(nth: number): void {
    this.options.forEach((option, index) => option.setAttribute("aria-selected", String(index === nth)));
    const option = this.options[nth];
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.field.setAttribute("aria-activedescendant", option.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  close(): void {
    this.list.hidden = true;
    this.list.replaceChildren();
    this.field.removeAttribute("aria-activedescendant");
    if (this.field.role === "combobox") this.field.setAttribute("aria-expanded", "false");
  }
}
