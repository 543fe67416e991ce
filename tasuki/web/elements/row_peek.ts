// What a mouse or a finger does to look at a row beside the list: a press on its free place, or on the one control of the list that
// goes along from row to row. The rows themselves carry nothing for it. On a phone there is no panel, and rows lead to their pages.
const TAKEN = "a, button, input, label, summary, select, textarea, form, [data-edit], .col-check";

export function peekedByMouse(list: HTMLElement, peek: (row: HTMLElement) => void, until: AddEventListenerOptions): void {
  const control = list.querySelector<HTMLElement>(".row-peek");
  list.addEventListener(
    "pointerover",
    (event) => {
      const cell = rowAt(event)?.querySelector("td .sheet-name")?.closest("td");
      if (control && cell && !cell.contains(control)) cell.append(control);
    },
    until,
  );
  list.addEventListener(
    "click",
    (event) => {
      const row = rowAt(event);
      const pressed = (event.target as Element).closest<HTMLElement>(TAKEN);
      const isElse = event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.detail > 1 || getSelection()?.toString();
      if (!row || isElse || (pressed && pressed !== control) || matchMedia("(max-width: 760px)").matches) return;
      // The keys go on from here, and the control may leave with the mouse.
      row.querySelector<HTMLElement>("a.sheet-name")?.focus({ preventScroll: true });
      peek(row);
    },
    until,
  );
}

function rowAt(event: Event): HTMLElement | null {
  return (event.target as Element).closest<HTMLElement>("[data-peek]");
}
