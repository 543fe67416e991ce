// <list-sheet>: a list that is walked by keys, whether its rows are those of a table or cards. J and K move from row to row, X selects, Space peeks, Enter opens (the row's
// name is a link). The peek is the panel beside the list; it follows the row that has the focus, or that the mouse pressed.
import { peekedByMouse } from "./row_peek";
import { isForThePage } from "./single_keys";

class ListSheet extends HTMLElement {
  #stop = new AbortController();
  #asked: AbortController | undefined;
  #open: HTMLElement | undefined;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    document.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.addEventListener("click", (event) => this.#onClick(event), until);
    this.addEventListener("change", () => this.#count(), until);
    peekedByMouse(this, (row) => void (row === this.#open ? this.#close() : this.#show(row)), until);
    this.#count();
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    this.#asked?.abort();
  }

  get #rows(): HTMLElement[] {
    // The rows of a closed group are not walked, nor is its head.
    return [...this.querySelectorAll<HTMLElement>("tbody tr:not(.group-head), [data-card]")].filter((row) => row.checkVisibility());
  }

  get #panel(): HTMLElement | null {
    return this.querySelector<HTMLElement>(".peek");
  }

  #onKey(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (!isForThePage(event)) return;
    const act = { j: () => this.#step(1), k: () => this.#step(-1), x: () => this.#select(), " ": () => this.#peek(), Escape: () => this.#close() }[
      event.key.length === 1 ? event.key.toLowerCase() : event.key
    ];
    // Space presses what has the focus, unless that is the name of a row.
    if (!act || (event.key === " " && !target.closest("a.sheet-name") && target !== document.body)) return;
    if (act()) event.preventDefault();
  }

  #onClick(event: Event): void {
    const pressed = (event.target as Element).closest<HTMLElement>("[data-act]");
    if (pressed?.dataset.act === "close") this.#close();
    if (pressed?.dataset.act === "next") this.#step(1);
    if (pressed?.dataset.act === "previous") this.#step(-1);
    if (pressed instanceof HTMLInputElement && pressed.dataset.act === "all") for (const box of this.#boxes) if (box.checkVisibility()) box.checked = pressed.checked;
  }

  /** The row that has the focus, else the one that is peeked at. */
  get #here(): HTMLElement | undefined {
    return document.activeElement?.closest<HTMLElement>("list-sheet :is(tbody tr, [data-card])") ?? this.#open;
  }

  #step(by: number): boolean {
    const rows = this.#rows;
    const here = this.#here;
    const next = rows[here ? rows.indexOf(here) + by : by > 0 ? 0 : rows.length - 1];
    if (!next) return false;
    (next.querySelector<HTMLElement>("a.sheet-name") ?? next.querySelector<HTMLElement>("a, button, input"))?.focus();
    next.scrollIntoView({ block: "nearest" });
    if (this.#open) void this.#show(next);
    return true;
  }

  get #boxes(): HTMLInputElement[] {
    return [...this.querySelectorAll<HTMLInputElement>("tbody input.check")];
  }

  #select(): boolean {
    const box = this.#here?.querySelector<HTMLInputElement>("input.check");
    box?.click();
    return box !== undefined && box !== null;
  }

  #count(): void {
    const n = this.#boxes.filter((box) => box.checked).length;
    // The bar comes up far from the row: it says so to whoever does not see it. Before the first row is ticked there is nothing to say.
    for (const said of this.querySelectorAll<HTMLElement>(".bulk-count, .bulk-said")) {
      const words = (said.dataset.words ?? "").replace("{n}", String(n));
      if (said.textContent !== words && (n || said.textContent)) said.textContent = words;
    }
    for (const box of this.#boxes) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
  }

  #peek(): boolean {
    const row = this.#here ?? this.#rows[0];
    if (!row?.dataset.peek) return false;
    if (row === this.#open) return this.#close();
    void this.#show(row);
    return true;
  }

  async #show(row: HTMLElement): Promise<void> {
    const panel = this.#panel;
    const address = row.dataset.peek;
    if (!panel || !address) return;
    this.#asked?.abort();
    this.#asked = new AbortController();
    this.#open?.classList.remove("is-open");
    this.#open = row;
    row.classList.add("is-open");
    try {
      const answer = await fetch(address, { signal: this.#asked.signal });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      panel.querySelector(".peek-body")?.replaceChildren(...page.body.childNodes);
      panel.querySelector<HTMLAnchorElement>("a[data-page]")?.setAttribute("href", row.querySelector<HTMLAnchorElement>("a.sheet-name")?.href ?? "");
      panel.hidden = false;
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    }
  }

  #close(): boolean {
    const panel = this.#panel;
    if (!panel || panel.hidden) return false;
    panel.hidden = true;
    this.#open?.classList.remove("is-open");
    this.#open?.querySelector<HTMLElement>("a.sheet-name")?.focus();
    this.#open = undefined;
    return true;
  }
}

customElements.define("list-sheet", ListSheet);
