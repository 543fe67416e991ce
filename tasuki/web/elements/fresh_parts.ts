// Asking the server as htmx would, and putting what it answers where it belongs: a row in its list, the parts of a page, toasts.
import { walkedByArrows } from "./cell_walk";

interface Answer {
  isDone: boolean;
  page: Document;
}

/** What the server says: a page or a piece of one. Nothing when it led elsewhere, or said in a toast why not. */
export async function asked(address: string, sent?: FormData): Promise<Answer | undefined> {
  const response = await fetch(address, { method: sent ? "POST" : "GET", body: sent, headers: { "HX-Request": "true" } });
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) window.location.assign(elsewhere);
  if (elsewhere) return undefined;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (response.ok || page.querySelector("form.edit-form")) return { isDone: response.ok, page };
  tell(page);
  return undefined;
}

/** Each row and each fresh part of the answer in the place of the one that is there; its toasts beside those that are there. */
export function putInPlace(answer: Document): void {
  for (const row of answer.querySelectorAll("tr[id]")) {
    walkedByArrows(row);
    const there = document.getElementById(row.id);
    // A row that is ticked stays so.
    const [box, was] = [row, there].map((one) => one?.querySelector<HTMLInputElement>("input.check"));
    if (box && was) box.checked = was.checked;
    there?.replaceWith(row);
    box?.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const part of answer.querySelectorAll<HTMLElement>("[data-fresh]")) document.querySelector(`[data-fresh="${part.dataset.fresh}"]`)?.replaceWith(part);
  tell(answer);
}

function tell(answer: Document): void {
  document.querySelector("#toasts")?.append(...answer.querySelectorAll("flash-toast"));
}
