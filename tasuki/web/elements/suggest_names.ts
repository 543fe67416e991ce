// A field that asks for the name of an account offers those that fit what is typed, as the browser offers any list. Without script
// the name is simply written.
const WAIT_MS = 120;
let waiting: number | undefined;
let request: AbortController | undefined;

function listOf(field: HTMLInputElement): HTMLDataListElement {
  const there = field.list;
  if (there instanceof HTMLDataListElement) return there;
  const made = document.createElement("datalist");
  made.id = `${field.id}-names`;
  field.after(made);
  field.setAttribute("list", made.id);
  return made;
}

async function suggest(field: HTMLInputElement): Promise<void> {
  request?.abort();
  request = new AbortController();
  try {
    const answer = await fetch(`${field.dataset.names}?q=${encodeURIComponent(field.value)}`, { headers: { "HX-Request": "true" }, signal: request.signal });
    if (answer.ok && field.isConnected) listOf(field).innerHTML = await answer.text();
  } catch (error) {
    // Another letter was typed: the answer is not wanted any more.
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
  }
}

document.addEventListener("input", (event) => {
  const field = event.target;
  // What is chosen from the list comes as input too, but is not typed.
  if (!(field instanceof HTMLInputElement) || !field.dataset.names || !(event instanceof InputEvent)) return;
  window.clearTimeout(waiting);
  if (field.value.trim()) waiting = window.setTimeout(() => void suggest(field), WAIT_MS);
});
