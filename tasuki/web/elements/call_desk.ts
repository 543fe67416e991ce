// <call-desk data-desk>: calls one after the other by keys alone. A key chooses the result, Enter writes it, and the next lead is there:
// it was loaded while one talked. Forms are sent without loading the page anew; without script they are plain forms.
import { tell } from "./answers";
import { addressOf, loaded, lookAhead, nextIn, type Ahead } from "./desk_ahead";
import { asked, part, show, showAhead } from "./desk_parts";
import { slotsIn } from "./desk_slots";
import { isForThePage } from "./single_keys";

const RENEWS_MS = 60_000;
// What ends the work at a lead: the next one stands there before the server has answered.
const ENDS = "#outcome, [data-part=skip] form, [data-part=recycle] form";

class CallDesk extends HTMLElement {
  #stop = new AbortController();
  #ahead: Ahead | undefined;
  #timer: number | undefined;
  #sending: Promise<void> = Promise.resolve();

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    document.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.addEventListener("submit", (event) => this.#onSubmit(event), until);
    this.#timer = window.setInterval(() => void this.#renew({ looks: true }), RENEWS_MS);
    this.#settle();
  }

  disconnectedCallback(): void {
    this.#stop.abort();
    window.clearInterval(this.#timer);
  }

  /** Once a lead stands here: have it, and load the next one. */
  #settle(): void {
    void this.#renew();
    this.#ahead = lookAhead(this);
  }

  /** Keeps the lead; and looks whether another is to follow by now, who raised a hand or whom somebody promised to call at this hour. */
  async #renew({ looks = false } = {}): Promise<void> {
    const [address, form] = [part(this, "desk-main")?.dataset.lease, this.#form("outcome")];
    if (!address || !form || document.hidden) return;
    const sent = new FormData(form);
    if (looks) sent.append("looks", "1");
    const answer = await asked(address, sent);
    if (answer && !answer.response.ok) return tell(answer.page);
    const isHere = address === part(this, "desk-main")?.dataset.lease;
    if (!answer || !looks || !isHere || nextIn(answer.page.body) === nextIn(this)) return;
    show(this, answer.page);
    this.#ahead = lookAhead(this);
  }

  #form(id: string): HTMLFormElement | null {
    return this.querySelector<HTMLFormElement>(`form#${id}`);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) return this.#onEscape();
    const isOnButton = event.target instanceof Element && event.target.closest("a, button, summary");
    // Some browsers open a choice with Enter; here it writes what is chosen.
    const choice = event.key === "Enter" && event.target instanceof HTMLSelectElement && event.target.form;
    if (choice) choice.requestSubmit();
    else if (!isForThePage(event) || (event.key === "Enter" && isOnButton) || !this.#act(event.key.toLowerCase())) return;
    event.preventDefault();
  }

  #act(key: string): boolean {
    const result = this.querySelector<HTMLInputElement>(`input[data-key="${key === "b" ? "6" : CSS.escape(key)}"]`);
    if (result) this.#choose(result);
    else if (key === "enter") (this.querySelector(".result :checked") ? this.#form("outcome") : this.#form("dial"))?.requestSubmit();
    else if (key === "n" || key === "/") this.querySelector<HTMLElement>(key === "n" ? "#desk-note" : "#objection-q")?.focus();
    else if (key === "f") (this.querySelector<HTMLElement>("input[data-open]") ?? this.querySelector<HTMLElement>("[name^=fact-]"))?.focus();
    else if (key === "r" || key === "s") this.#open(key === "r" ? "recycle" : "skip");
    else if (key === "i") this.querySelector<HTMLElement>("[data-part=incoming]")?.click();
    else return false;
    return true;
  }

  #choose(result: HTMLInputElement): void {
    result.checked = true;
    if (result.value === "mtg") return void slotsIn(this)?.open();
    const asked = this.querySelector<HTMLElement>(`.then-fields.then-${result.value} .field`);
    (asked ?? this.querySelector<HTMLElement>("[data-part=write]"))?.focus();
  }

  #open(part: string): void {
    const menu = this.querySelector<HTMLDetailsElement>(`[data-part=${part}]`);
    if (menu) menu.open = true;
    menu?.querySelector<HTMLElement>(".field")?.focus();
  }

  #onEscape(): void {
    const here = document.activeElement;
    const menu = here?.closest<HTMLDetailsElement>("details[open]");
    menu?.removeAttribute("open");
    if (here instanceof HTMLElement && here.matches("input:not([type=radio]), textarea, select, [data-part=write]")) here.blur();
    else if (!menu) this.#form("hang-up")?.requestSubmit();
  }

  #onSubmit(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented) return; // the objections have an element of their own
    const address = event.submitter?.getAttribute("formaction") ?? form.action;
    event.preventDefault();
    if (form.id === "outcome" && !this.querySelector(".result :checked")) this.#onward();
    else this.#sending = this.#sending.then(() => this.#send(form, address));
  }

  /** Enter before anybody chose a result: from one fact to the next. */
  #onward(): void {
    const facts = [...this.querySelectorAll<HTMLElement>("[name^=fact-]")];
    const next = facts[facts.indexOf(document.activeElement as HTMLElement) + 1];
    (next ?? this.querySelector<HTMLElement>("#desk-note"))?.focus();
  }

  async #send(form: HTMLFormElement, address: string): Promise<void> {
    // The lead that it is about may have gone while one before it was sent.
    if (form.id === "outcome") await slotsIn(this)?.ready;
    if (!form.isConnected) return;
    const sent = new FormData(form);
    const ahead = form.matches(ENDS) && this.#ahead?.page ? { lead: this.#ahead.lead, back: showAhead(this, this.#ahead.page) } : undefined;
    if (ahead) (document.activeElement as HTMLElement | null)?.blur();
    // Who stands before a person by now stays there, whoever became more pressing meanwhile.
    if (ahead) sent.append("shown", ahead.lead);
    const answer = await asked(address, sent);
    const elsewhere = answer?.response.headers.get("HX-Redirect");
    if (elsewhere) return window.location.assign(elsewhere);
    const isOnward = answer?.response.ok && !part(answer.page.body, "desk-bar") && !part(answer.page.body, "desk-answer");
    if (!isOnward) ahead?.back();
    if (isOnward) await this.#goOn(answer.page, ahead?.lead);
    else if (answer) show(this, answer.page);
    if (form.id === "dial" && answer?.response.ok && this.dataset.system === "tel") this.querySelector<HTMLElement>("a[data-part=tel]")?.click();
  }

  /** To the lead that the server names, unless it stands here already. */
  async #goOn(page: Document, here?: string): Promise<void> {
    const lead = part(page.body, "desk-queue")?.dataset.here;
    if (!lead) return window.location.assign(this.dataset.desk!.replace(/\/\d+$/, ""));
    const next = lead === here ? undefined : await loaded(this, lead);
    if (lead !== here && !next) return window.location.assign(addressOf(this, lead));
    if (next) showAhead(this, next);
    show(this, page);
    window.history.replaceState(null, "", addressOf(this, lead));
    if (!here) (document.activeElement as HTMLElement | null)?.blur();
    this.#settle();
  }
}

customElements.define("call-desk", CallDesk);
