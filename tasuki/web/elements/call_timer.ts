// <call-timer data-elapsed data-runs data-soft data-hard>: the time of a call as a ring; at the two limits the desk around it says so
// (data-limit) and a screen reader is told. Without script it shows the time at which the page was made.
const ROUND = 2 * Math.PI * 22;
const TICK_MS = 250;

class CallTimer extends HTMLElement {
  #timer: number | undefined;
  #began = 0;

  connectedCallback(): void {
    this.#began = Date.now() - Number(this.dataset.elapsed ?? 0) * 1000;
    if ("elapsed" in this.dataset) this.#show(Number(this.dataset.elapsed));
    else delete this.#desk?.dataset.limit;
    if ("runs" in this.dataset) this.#timer = window.setInterval(() => this.#show((Date.now() - this.#began) / 1000), TICK_MS);
  }

  disconnectedCallback(): void {
    window.clearInterval(this.#timer);
  }

  get #desk(): HTMLElement | null {
    return this.closest<HTMLElement>("call-desk");
  }

  #show(elapsed: number): void {
    const seconds = Math.floor(elapsed);
    const [soft, hard] = [Number(this.dataset.soft), Number(this.dataset.hard)];
    this.querySelector("[data-part=time]")!.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    this.querySelector("[data-part=arc]")!.setAttribute("stroke-dasharray", `${Math.min(elapsed / hard, 1) * ROUND} ${ROUND}`);
    const limit = seconds >= hard ? "hard" : seconds >= soft ? "soft" : "";
    const desk = this.#desk;
    if (!desk || (desk.dataset.limit ?? "") === limit) return;
    if (limit) desk.dataset.limit = limit;
    else delete desk.dataset.limit;
    const said = this.querySelector<HTMLElement>("[data-part=said]")!;
    said.textContent = limit === "hard" ? (said.dataset.atHard ?? "") : limit === "soft" ? (said.dataset.atSoft ?? "") : "";
  }
}

customElements.define("call-timer", CallTimer);
