// The rows of a list have many pencils: Tab goes past them, the arrows go through them, from the row's name on.
export function walkedByArrows(list: Element): void {
  for (const pen of list.querySelectorAll<HTMLElement>("td > .pen")) pen.tabIndex = -1;
}

export function walk(row: Element, here: Element, by: number): void {
  const stops = [...row.querySelectorAll<HTMLElement>("a.sheet-name, .pen")];
  stops[Math.min(Math.max(stops.indexOf(here as HTMLElement) + by, 0), stops.length - 1)]?.focus();
}
