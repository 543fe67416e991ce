// <edit-in-place>: facts and cells that are changed where they stand. A press in one, Enter on its pencil, or E opens its form;
// Enter saves, Escape leaves, Tab saves and goes to the next one, and the focus comes back to where it was. In a list the arrows walk
// from cell to cell. Without script the pencil is a link to the form as a page.
import { walk, walkedByArrows } from "./cell_walk";
import { asked, putInPlace } from "./fresh_parts";
import { isForThePage } from "./single_keys";

const CAN = "[data-edit]";

class EditInPlace extends HTMLElement {
  #stop = new AbortController();
  #form: HTMLFormElement | undefined;
  #was = "";

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.addEventListener("click", (event) => this.#onClick(event), until);
    this.addEventListener("submit", (event) => this.#onSubmit(event), until);
    this.addEventListener("keydown", (event) => this.#onKeyInForm(event), until);
    document.addEventListener("keydown", (event) => this.#onKey(event), until);
    walkedByArrows(this);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  #onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const cell = target.closest<HTMLElement>(CAN);
    if (target.closest("[data-act=leave]")) {
      event.preventDefault();
      this.#leave();
      return;
    }
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !window.getSelection()?.toString();
    if (!cell || !isPlain || (this.#form && cell.contains(this.#form)) || (target.closest("a, button, summary, label") && !target.closest(".pen"))) return;
    event.preventDefault();
    void this.#open(cell);
  }

  #onKey(event: KeyboardEvent): void {
    const here = document.activeElement;
    if (!isForThePage(event) || event.shiftKey || !here || !this.contains(here) || this.#form?.contains(here)) return;
    const row = here.closest("tr");
    const cell = here.closest<HTMLElement>(CAN) ?? row?.querySelector<HTMLElement>(CAN);
    if (event.key.toLowerCase() === "e" && cell) void this.#open(cell);
    else if (row && (event.key === "ArrowRight" || event.key === "ArrowLeft")) walk(row, here, event.key === "ArrowRight" ? 1 : -1);
    else return;
    event.preventDefault();
  }

  async #open(cell: HTMLElement): Promise<void> {
    this.#leave();
    const pen = cell.querySelector<HTMLAnchorElement>(".pen");
    const answer = pen && (await asked(pen.href + (cell.closest("tr") ? "?as=row" : "")));
    if (answer && cell.isConnected) this.#show(cell, answer.page);
  }

  #show(cell: HTMLElement, page: Document): void {
    const form = page.querySelector("form");
    if (!form) return;
    this.#form?.remove();
    this.#form = form;
    cell.append(form);
    cell.classList.add("is-editing");
    this.#was = said(form);
    const first = form.querySelector<HTMLElement>("[aria-invalid=true]") ?? fieldsOf(form)[0];
    first?.focus();
    if (first instanceof HTMLInputElement && first.type !== "date") first.select();
    form.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #leave(): void {
    const cell = this.#form?.closest<HTMLElement>(CAN);
    this.#form?.remove();
    this.#form = undefined;
    cell?.classList.remove("is-editing");
    cell?.querySelector<HTMLElement>(".pen")?.focus();
  }

  #onSubmit(event: SubmitEvent): void {
    if (event.target !== this.#form) return;
    event.preventDefault();
    void this.#save(event.submitter, 0);
  }

  /** Send the form, put what came of it where it belongs, and go `by` so many fields on. */
  async #save(pressed: HTMLElement | null, by: number): Promise<void> {
    const form = this.#form;
    const cell = form?.closest<HTMLElement>(CAN);
    if (!form || !cell) return;
    const name = cell.dataset.edit ?? "";
    const answer = await asked(form.action, new FormData(form, pressed));
    if (!answer) return;
    if (!answer.isDone) return this.#show(cell, answer.page);
    this.#leave();
    putInPlace(answer.page);
    this.#goOn(name, by);
  }

  #goOn(name: string, by: number): void {
    const cells = [...this.querySelectorAll<HTMLElement>(CAN)];
    const at = cells.findIndex((cell) => cell.dataset.edit === name);
    const next = cells[at + by];
    if (at >= 0 && by && next) void this.#open(next);
    else (cells[at]?.querySelector<HTMLElement>(".pen") ?? this.querySelector<HTMLElement>("a.sheet-name"))?.focus();
  }

  #onKeyInForm(event: KeyboardEvent): void {
    const form = this.#form;
    const target = event.target as HTMLElement;
    if (!form?.contains(target) || event.isComposing) return;
    const isText = target instanceof HTMLTextAreaElement;
    const isPressed = event.key === "Enter" && (isText ? event.ctrlKey || event.metaKey : !target.closest("button, a"));
    const edge = fieldsOf(form).at(event.shiftKey ? 0 : -1);
    if (event.key === "Escape") this.#leave();
    else if (isPressed) void this.#save(null, 0);
    // What was refused has to be read first: there Tab goes to the buttons.
    else if (event.key === "Tab" && target === edge && !("refused" in form.dataset)) this.#tab(form, event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #tab(form: HTMLFormElement, by: number): void {
    const name = form.closest<HTMLElement>(CAN)?.dataset.edit ?? "";
    if (said(form) !== this.#was) return void this.#save(null, by);
    this.#leave();
    this.#goOn(name, by);
  }
}

function fieldsOf(form: HTMLFormElement): HTMLElement[] {
  return [...form.querySelectorAll<HTMLElement>("input:not([type=hidden]), select, textarea")];
}

function said(form: HTMLFormElement): string {
  return JSON.stringify([...new FormData(form)]);
}

customElements.define("edit-in-place", EditInPlace);
