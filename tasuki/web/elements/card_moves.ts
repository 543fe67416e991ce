// <card-moves>: cards that can be put into another lane, by dragging them or by the menu that each of them has. A card goes there at
// once; then the answer of the server is shown: the lanes as they are now, or a sentence why not, and the card is back where it was.
import { answered, tell } from "./answers";

class CardMoves extends HTMLElement {
  #stop = new AbortController();
  #dragged: HTMLElement | undefined;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.addEventListener("dragstart", (event) => this.#onStart(event), until);
    this.addEventListener("dragover", (event) => this.#onOver(event), until);
    this.addEventListener("drop", (event) => this.#onDrop(event), until);
    this.addEventListener("dragend", () => this.#mark(undefined), until);
    this.addEventListener("click", (event) => this.#onClick(event), until);
    this.addEventListener("submit", (event) => this.#onSubmit(event), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector<HTMLDialogElement>("dialog")!;
  }

  #lane(event: Event): HTMLElement | undefined {
    const lane = (event.target as Element).closest<HTMLElement>("[data-lane]");
    return this.#dragged && lane?.hasAttribute("data-target") && !lane.contains(this.#dragged) ? lane : undefined;
  }

  #onStart(event: DragEvent): void {
    this.#dragged = (event.target as Element).closest<HTMLElement>("[data-card]") ?? undefined;
    if (!this.#dragged) return;
    event.dataTransfer!.effectAllowed = "move";
    event.dataTransfer!.setData("text/plain", this.#dragged.querySelector("a.sheet-name")?.textContent ?? "");
    this.classList.add("is-moving");
  }

  #onOver(event: DragEvent): void {
    const lane = this.#lane(event);
    this.#mark(lane, true);
    if (lane) event.preventDefault();
  }

  #mark(lane: HTMLElement | undefined, goesOn = false): void {
    for (const one of this.querySelectorAll(".is-over")) if (one !== lane) one.classList.remove("is-over");
    lane?.classList.add("is-over");
    if (!goesOn) this.classList.remove("is-moving");
  }

  #onDrop(event: DragEvent): void {
    const [lane, card] = [this.#lane(event), this.#dragged];
    this.#mark(undefined);
    if (!lane || !card) return;
    event.preventDefault();
    const key = lane.dataset.lane!;
    const menu = card.querySelector<HTMLAnchorElement>("[data-act=move]")!;
    if (lane.hasAttribute("data-asks")) return void this.#ask(`${menu.href}&to=${encodeURIComponent(key)}`);
    const body = new FormData(this.querySelector<HTMLFormElement>("[data-part=token]")!);
    const [was, list, after] = [card.closest<HTMLElement>("[data-lane]")!.dataset.lane!, card.parentElement!, card.nextElementSibling];
    for (const [name, value] of Object.entries({ to: key, was, group: this.dataset.group!, next: this.dataset.here! })) body.set(name, value);
    const there = lane.querySelector(".cards");
    if (there) there.prepend(card);
    else card.hidden = true;
    void this.#send(menu.href.split("?")[0]!, body, card.dataset.card, () => {
      list.insertBefore(card, after);
      card.hidden = false;
    });
  }

  #onClick(event: MouseEvent): void {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-act=move], dialog a.menu-item, dialog a[data-act=cancel]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (link.dataset.act === "cancel") this.#dialog.close();
    else void this.#ask(link.href);
  }

  #onSubmit(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    if (!form.closest("dialog")) return;
    event.preventDefault();
    void this.#send(form.action, new FormData(form, event.submitter), form.dataset.card, () => undefined);
  }

  async #ask(address: string): Promise<void> {
    const page = await this.#answer(address, { headers: { "HX-Request": "true" } });
    if (page) this.#fill(page);
  }

  #fill(page: Document): void {
    this.#dialog.replaceChildren(...page.body.childNodes);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#dialog.querySelector<HTMLElement>("input:not([type=hidden]), select, button, a.menu-item")?.focus();
  }

  async #send(address: string, body: FormData, card: string | undefined, takeBack: () => void): Promise<void> {
    const page = await this.#answer(address, { method: "POST", body, headers: { "HX-Request": "true" } }, takeBack);
    if (!page) return;
    if (page.querySelector("card-moves")) this.#show(page, card);
    else this.#fill(page);
  }

  /** The page that was answered; nothing when it leads elsewhere, and when it was a refusal, which is told: the lanes are asked for anew. */
  async #answer(address: string, how: RequestInit, takeBack = (): void => undefined): Promise<Document | undefined> {
    const answer = await answered(address, how);
    if (!answer) return void takeBack();
    const { response, page } = answer;
    const elsewhere = response.headers.get("HX-Redirect");
    if (elsewhere) return window.location.assign(elsewhere) as undefined;
    if (response.ok || !response.headers.get("HX-Retarget")) return page;
    takeBack();
    this.#dialog.close();
    tell(page);
    const lanes = response.status === 409 ? await this.#answer(this.dataset.here!, {}) : undefined;
    if (lanes?.querySelector("card-moves")) this.#show(lanes, undefined);
    return undefined;
  }

  #show(page: Document, card: string | undefined): void {
    const left = this.querySelector("card-lanes")?.scrollLeft ?? 0;
    this.replaceChildren(...page.querySelector("card-moves")!.childNodes);
    this.querySelector("card-lanes")!.scrollLeft = left;
    tell(page);
    (this.querySelector<HTMLElement>(`[data-card="${card}"] a.sheet-name`) ?? this.querySelector<HTMLElement>("card-lanes"))?.focus({ preventScroll: !card });
  }
}

customElements.define("card-moves", CardMoves);
