// <quick-add>: the plus of the top bar and C open the form of /add over the page. It is sent as the page would send it: what is
// wrong comes back into the dialog with what was typed, and what went well leads on, to this page or to another of the kind.
import { type Answer, answered, tell } from "./answers";
import { isForThePage } from "./single_keys";

class QuickAdd extends HTMLElement {
  #stop = new AbortController();
  #hasAdded = false;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.#link.addEventListener("click", (event) => this.#onLink(event), until);
    document.addEventListener("keydown", (event) => this.#onKey(event), until);
    this.#dialog.addEventListener("click", (event) => this.#onClick(event), until);
    this.#dialog.addEventListener("submit", (event) => this.#onSubmit(event), until);
    this.#dialog.addEventListener("close", () => this.#onClose(), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  get #link(): HTMLAnchorElement {
    return this.querySelector<HTMLAnchorElement>("a")!;
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector<HTMLDialogElement>("dialog")!;
  }

  #onLink(event: MouseEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void this.#open();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key.toLowerCase() !== "c" || event.shiftKey || !isForThePage(event)) return;
    event.preventDefault();
    void this.#open();
  }

  async #open(): Promise<void> {
    const here = window.location.pathname + window.location.search;
    await this.#load(`${this.#link.pathname}?from=${encodeURIComponent(here)}`);
  }

  #onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const kind = target.closest<HTMLAnchorElement>("a[data-kind]");
    const leaves = target === this.#dialog || target.closest(".quick-head [data-part=close], .form-acts a");
    if (!kind && !leaves) return;
    event.preventDefault();
    if (kind) void this.#load(kind.href);
    else this.#dialog.close();
  }

  async #load(address: string): Promise<void> {
    this.#show(await answered(address, { headers: { "HX-Request": "true" } }));
  }

  #onSubmit(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    event.preventDefault();
    void this.#send(form, new FormData(form, event.submitter));
  }

  async #send(form: HTMLFormElement, said: FormData): Promise<void> {
    // The full form that comes back with what is wrong does not know where it was sent from.
    if (!said.has("after")) said.set("after", "stay");
    if (!said.has("next")) said.set("next", window.location.pathname + window.location.search);
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    const action = form.getAttribute("action") || form.dataset.action!;
    try {
      const answer = await answered(action, { method: "POST", body: said, headers: { "HX-Request": "true" } });
      this.#hasAdded ||= answer?.response.redirected ?? false;
      this.#show(answer, action);
    } finally {
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  }

  /** What the server said: elsewhere to go, a toast, or a form, alone or in its page, that is sent to `action` again. */
  #show(answer: Answer | undefined, action?: string): void {
    if (!answer) return;
    const { response, page } = answer;
    const elsewhere = response.headers.get("HX-Redirect");
    if (elsewhere) return this.#go(elsewhere);
    const form = page.querySelector<HTMLFormElement>("form[data-quick]");
    if (!form) return tell(page);
    if (action && !response.redirected) form.dataset.action = action;
    const whole = page.querySelector("main") ? [...this.#dialog.querySelectorAll(".quick-head"), form] : [...page.body.children].filter((part) => !part.hasAttribute("hx-swap-oob"));
    this.#dialog.replaceChildren(...whole);
    if (!this.#dialog.open) this.#dialog.showModal();
    tell(page);
    this.#fieldToFillIn(form)?.focus();
  }

  #fieldToFillIn(form: HTMLFormElement): HTMLElement | undefined {
    const fields = [...form.querySelectorAll<HTMLInputElement>("input:not([type=hidden]), select, textarea")];
    return fields.find((field) => field.getAttribute("aria-invalid") === "true") ?? fields.find((field) => !field.value) ?? fields[0];
  }

  #go(address: string): void {
    this.#hasAdded = false;
    if (address === window.location.pathname + window.location.search) window.location.reload();
    else window.location.assign(address);
  }

  #onClose(): void {
    this.#dialog.replaceChildren();
    // What was added on the way belongs on the page that is seen now.
    if (this.#hasAdded) window.location.reload();
  }
}

customElements.define("quick-add", QuickAdd);
