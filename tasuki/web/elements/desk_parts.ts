// The parts of the call desk that belong to one lead, put in the place of those of another and taken back.
import { answered, tell, type Answer } from "./answers";

const OF_A_LEAD = ["desk-main", "desk-side", "desk-bar"];

export function part(desk: Element, name: string): HTMLElement | null {
  return desk.querySelector<HTMLElement>(`[data-fresh="${name}"]`);
}

export function asked(address: string, sent?: FormData): Promise<Answer | undefined> {
  return answered(address, { method: sent ? "POST" : "GET", body: sent, headers: { "HX-Request": "true" } });
}

/** Puts the parts of an answer in the place of those that are here; its toasts beside those that are there. */
export function show(desk: Element, page: Document): void {
  for (const one of page.querySelectorAll<HTMLElement>("[data-fresh]")) part(desk, one.dataset.fresh!)?.replaceWith(one);
  tell(page);
}

/** Shows another lead at once, from what was loaded ahead; what it answers puts the lead back that stood here, with all that was typed. */
export function showAhead(desk: Element, page: Document): () => void {
  const before = OF_A_LEAD.map((name) => part(desk, name)!);
  OF_A_LEAD.forEach((name) => part(desk, name)!.replaceWith(page.importNode(part(page.body, name)!, true)));
  document.title = page.title ? `${page.title} · Tasuki` : document.title;
  return () => before.forEach((one) => part(desk, one.dataset.fresh!)!.replaceWith(one));
}
