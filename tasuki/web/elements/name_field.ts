// <name-field data-href data-key>: a text field in which a name is typed and those that fit are offered below it. The arrow keys walk,
// Enter or Tab take what is marked, Escape closes, the cross empties. With `data-key` what was chosen is sent by its key; what is typed
// and not chosen is sent as it stands, as it is without script, and the server says whom it means.
import { OptionList, offeredFor } from "./option_list";

const WAIT_MS = 120;

class NameField extends HTMLElement {
  #stop = new AbortController();
  #asked: AbortController | undefined;
  #waiting: number | undefined;
  #offered!: OptionList;
  #said!: HTMLElement;
  #cross!: HTMLButtonElement;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    const [field, list] = [this.#field, this.querySelector<HTMLElement>("[role=listbox]")!];
    this.#said = this.querySelector("[role=status]")!;
    this.#cross = this.querySelector("button")!;
    field.role = "combobox";
    list.ariaLabel = field.ariaLabel ?? field.labels?.[0]?.textContent.trim() ?? "";
    this.#offered = new OptionList(list, field);
    this.#carryKey();
    this.#close();
    field.addEventListener("input", () => this.#onInput(), until);
    field.addEventListener("keydown", (event) => this.#onKey(event), until);
    field.addEventListener("blur", () => this.#close(), until);
    this.#cross.addEventListener("click", () => this.#set("", ""), until);
    // Before the field loses the focus.
    list.addEventListener("pointerdown", (event) => this.#take(event, (event.target as Element).closest<HTMLElement>("[role=option]")), until);
    this.#cross.hidden = !field.value;
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#close();
  }

  get #field(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("input:not([type=hidden])")!;
  }

  get #key(): HTMLInputElement | null {
    return this.querySelector<HTMLInputElement>("input[type=hidden]");
  }

  /** A hidden field takes over the name of the visible one; it holds the key of what is chosen, or else what is typed. */
  #carryKey(): void {
    const field = this.#field;
    if (this.dataset.key === undefined || this.#key) return;
    const key = document.createElement("input");
    Object.assign(key, { type: "hidden", name: field.name, value: (field.value === field.defaultValue && this.dataset.key) || field.value });
    // A field may belong to a form that stands elsewhere.
    const form = field.getAttribute("form");
    if (form) key.setAttribute("form", form);
    field.removeAttribute("name");
    this.append(key);
  }

  #onInput(): void {
    this.#send(this.#field.value);
    window.clearTimeout(this.#waiting);
    if (this.#field.value.trim()) this.#waiting = window.setTimeout(() => void this.#ask(this.#field.value), WAIT_MS);
    else this.#close();
  }

  #send(value: string): void {
    if (this.#key) this.#key.value = value;
    this.#cross.hidden = !this.#field.value;
  }

  async #ask(typed: string): Promise<void> {
    this.#asked?.abort();
    this.#asked = new AbortController();
    const offered = await offeredFor(typed, this.dataset.href ?? "", this.#asked.signal);
    if (!offered || document.activeElement !== this.#field) return;
    const said = offered.querySelector("[data-said]");
    said?.remove();
    const n = this.#offered.show(offered, typed !== "");
    this.#said.textContent = said?.textContent ?? "";
    this.#said.className = n || !said ? "sr" : "form-help";
  }

  #onKey(event: KeyboardEvent): void {
    const [by, marked] = [{ ArrowDown: 1, ArrowUp: -1 }[event.key], this.#offered.marked];
    if (event.isComposing) return;
    // Where somebody was chosen all are offered again, not those of that name.
    if (by && !this.#offered.isOpen) void this.#ask(this.#key && this.#key.value !== this.#field.value ? "" : this.#field.value);
    else if (by) this.#offered.walk(by);
    else if (event.key === "Escape" && this.#offered.isOpen) this.#close();
    // Tab takes what is marked and goes on.
    else if (event.key === "Tab" && marked) return this.#take(undefined, marked);
    else if (event.key === "Enter" && marked) this.#take(event, marked);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #take(event: Event | undefined, option: HTMLElement | null): void {
    event?.preventDefault();
    if (option) this.#set(option.dataset.name ?? "", option.dataset.key ?? "");
  }

  #set(name: string, key: string): void {
    this.#field.value = name;
    this.#send(key || name);
    this.#close();
    this.#field.focus();
    this.#field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #close(): void {
    window.clearTimeout(this.#waiting);
    this.#asked?.abort();
    this.#offered.close();
    this.#said.className = "sr";
  }
}

customElements.define("name-field", NameField);
