// What the server answers to an element that asks it as htmx would, and the toasts it tells by the way.
export interface Answer {
  response: Response;
  page: Document;
}

/** What the server says: a page or a piece of one. Nothing when it cannot be reached, which a toast then says. */
export async function answered(address: string, how: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await fetch(address, how);
    return { response, page: new DOMParser().parseFromString(await response.text(), "text/html") };
  } catch (error) {
    // The one that `fetch` knows for a server that cannot be reached, and for an answer that breaks off.
    if (!(error instanceof TypeError)) throw error;
    tell(document.querySelector<HTMLTemplateElement>("#lost")!.content.cloneNode(true) as DocumentFragment);
    return undefined;
  }
}

/** Toasts beside those that are there. What stands behind a dialog can be neither pressed nor read out: there they go into it. */
export function tell(answer: ParentNode): void {
  (document.querySelector("dialog[open]") ?? document.querySelector("#toasts"))?.append(...answer.querySelectorAll("flash-toast"));
}
