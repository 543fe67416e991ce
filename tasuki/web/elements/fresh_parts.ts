// Asking the server as htmx would, and putting what it answers where it belongs: a row in its list, the parts of a page, toasts.
import { answered, tell } from "./answers";
import { walkedByArrows } from "./cell_walk";

interface Done {
  isDone: boolean;
  page: Document;
}

/** What the server says: a page or a piece of one. Nothing when it led elsewhere, or a toast said why not. */
export async function asked(address: string, sent?: FormData): Promise<Done | undefined> {
  const answer = await answered(address, { method: sent ? "POST" : "GET", body: sent, headers: { "HX-Request": "true" } });
  if (!answer) return undefined;
  const { response, page } = answer;
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) window.location.assign(elsewhere);
  if (elsewhere) return undefined;
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
