// <find-tiles>: narrows a page of tiles while somebody types; Enter opens the first that is left. Without script the form asks the server.
class FindTiles extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.#field.addEventListener("input", () => this.#narrow(), until);
    this.querySelector("form")?.addEventListener("submit", (event) => this.#open(event), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  get #field(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("input[type=search]")!;
  }

  #narrow(): void {
    const words = this.#field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const tile of this.querySelectorAll<HTMLElement>(".tile")) {
      const said = `${tile.textContent} ${tile.dataset.words ?? ""}`.toLowerCase();
      tile.hidden = !words.every((word) => said.includes(word));
    }
    for (const group of this.querySelectorAll<HTMLElement>("[data-part=group]")) group.hidden = !group.querySelector(".tile:not([hidden])");
    this.querySelector<HTMLElement>("[data-part=none]")!.hidden = this.querySelector(".tile:not([hidden])") !== null;
  }

  #open(event: SubmitEvent): void {
    event.preventDefault();
    this.querySelector<HTMLElement>(".tile:not([hidden])")?.click();
  }
}

customElements.define("find-tiles", FindTiles);
