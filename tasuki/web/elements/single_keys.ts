// Whether a key that is pressed alone is meant for the page: not while somebody types, holds another key, or is in a dialog.
// Every behaviour that listens to single letters asks here; whoever has switched them off has none.
const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], .edit-form";

export function isForThePage(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : document.body;
  if (document.documentElement.dataset.keys === "off") return false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  return !target.closest(TYPED) && !document.querySelector("dialog[open]");
}
