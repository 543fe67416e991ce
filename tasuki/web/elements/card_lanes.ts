// <card-lanes>: cards in lanes, walked by keys. Up and down go through a lane, left and right to the next one that has cards, M opens
// the menu of a card. What stands at the end of a lane as “more” brings the cards after it. (J, K, Space and ? are <list-sheet>’s.)
import { isForThePage } from "./single_keys";

class CardLanes extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.addEventListener("click", (event) => this.#onClick(event), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  #onKey(event: KeyboardEvent): void {
    const card = (event.target as Element).closest<HTMLElement>("[data-card]");
    if (!card || !isForThePage(event)) return;
    const act = {
      ArrowDown: () => this.#along(card, 1),
      ArrowUp: () => this.#along(card, -1),
      ArrowRight: () => this.#across(card, 1),
      ArrowLeft: () => this.#across(card, -1),
      m: () => this.#menu(card),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act?.()) event.preventDefault();
  }

  #cards(lane: Element | undefined): HTMLElement[] {
    return lane ? [...lane.querySelectorAll<HTMLElement>("[data-card]")] : [];
  }

  /** The lane after or before this one that has cards. */
  #beside(lane: Element, by: number): HTMLElement | undefined {
    const lanes = [...this.querySelectorAll<HTMLElement>("[data-lane]")];
    for (let at = lanes.indexOf(lane as HTMLElement) + by; at >= 0 && at < lanes.length; at += by) if (this.#cards(lanes[at]).length) return lanes[at];
    return undefined;
  }

  #along(card: HTMLElement, by: number): boolean {
    const lane = card.closest("[data-lane]")!;
    const cards = this.#cards(lane);
    const next = cards[cards.indexOf(card) + by];
    if (next || !this.hasAttribute("data-flows")) return this.#focus(next);
    const others = this.#cards(this.#beside(lane, by));
    return this.#focus(others[by > 0 ? 0 : others.length - 1]);
  }

  #across(card: HTMLElement, by: number): boolean {
    const lane = card.closest("[data-lane]")!;
    const others = this.#cards(this.#beside(lane, by));
    return this.#focus(others[Math.min(this.#cards(lane).indexOf(card), others.length - 1)]);
  }

  #focus(card: HTMLElement | undefined): boolean {
    card?.querySelector<HTMLElement>("a.sheet-name")?.focus();
    card?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return card !== undefined;
  }

  #menu(card: HTMLElement): boolean {
    const menu = card.querySelector<HTMLElement>("[data-act=move]");
    menu?.click();
    return menu !== null;
  }

  #onClick(event: MouseEvent): void {
    const more = (event.target as Element).closest<HTMLAnchorElement>("a[data-act=more]");
    if (!more || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    void this.#bring(more);
  }

  async #bring(more: HTMLAnchorElement): Promise<void> {
    const lane = more.closest<HTMLElement>("[data-lane]")!;
    more.setAttribute("aria-busy", "true");
    const { signal } = this.#stop;
    const page = await this.#page(more.href, signal);
    if (signal.aborted) return;
    // What cannot be brought here says why on its own page.
    if (!page) return window.location.assign(more.href);
    const cards = [...page.querySelectorAll<HTMLElement>("card-lanes [data-card]")];
    lane.querySelector(".cards")?.append(...cards);
    const following = page.querySelector("card-lanes a[data-act=more]");
    if (following) more.replaceWith(following);
    else more.remove();
    this.#focus(cards[0]);
  }

  async #page(address: string, signal: AbortSignal): Promise<Document | undefined> {
    try {
      const answer = await fetch(address, { signal });
      return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : undefined;
    } catch {
      return undefined;
    }
  }
}

customElements.define("card-lanes", CardLanes);
