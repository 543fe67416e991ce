// What can be done here, for the palette. The page offers everything that carries data-do, the words for it: so the palette never offers
// what the page does not, and the page offers what the person may. On a list come before it the verbs of the rows that are ticked, and
// what stands in the row that had the focus or is looked at. Doing it opens the form where it stands, or follows the link.
import { isCalled } from "./folding";

interface Thing {
  name: string;
  icon: Element | null;
  act: () => void;
}

function doIt(thing: HTMLElement): void {
  for (let around = thing.closest("details"); around; around = around.parentElement?.closest("details") ?? null) around.open = true;
  if (thing instanceof HTMLAnchorElement || thing instanceof HTMLButtonElement) return thing.click();
  const form = thing instanceof HTMLDetailsElement ? thing : (thing.closest("form") ?? thing);
  const field = form.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea, button");
  (field ?? thing).focus();
  thing.scrollIntoView({ block: "nearest" });
}

function offered(within: ParentNode, selector: string): Thing[] {
  return [...within.querySelectorAll<HTMLElement>(selector)].map((thing) => ({
    name: thing.dataset.do ?? "",
    icon: thing.querySelector("svg.icon"),
    act: () => doIt(thing),
  }));
}

function ofTicked(bar: HTMLElement | null): [string, Thing[]] {
  return bar?.checkVisibility() ? [bar.querySelector(".bulk-count")?.textContent ?? "", offered(bar, "[data-do]")] : ["", []];
}

function ofRow(row: HTMLElement | null): [string, Thing[]] {
  const name = row?.querySelector<HTMLElement>("a.sheet-name");
  const list = row?.closest("list-sheet");
  if (!row || !name || !list) return ["", []];
  const look = list.querySelector<HTMLElement>(".row-peek");
  const page = list.querySelector<HTMLElement>("a[data-page]");
  const things = [...row.querySelectorAll<HTMLElement>("td form button, .pen, input.check, a[data-act]")].map((one) => thingOf(one, () => one.click()));
  if (page) things.unshift(thingOf(page, () => name.click()));
  // The control goes to the row that it is to show, as it does with the mouse.
  const isWide = !window.matchMedia("(max-width: 760px)").matches;
  if (look && row.dataset.peek && isWide && !row.classList.contains("is-open")) things.unshift(thingOf(look, () => (name.after(look), look.click())));
  return [name.textContent ?? "", things];
}

function thingOf(control: HTMLElement, act: () => void): Thing {
  return { name: control.ariaLabel ?? control.textContent?.trim() ?? "", icon: control.querySelector("svg.icon"), act };
}

function option(thing: Thing, nth: number): HTMLElement {
  const made = document.createElement("div");
  made.className = "palette-item";
  made.id = `do-${nth}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  const name = document.createElement("b");
  name.textContent = thing.name;
  made.append(thing.icon?.cloneNode(true) ?? document.createElement("span"), name);
  // After the dialog has closed and given the focus back.
  made.addEventListener("click", () => window.setTimeout(thing.act));
  return made;
}

/** The groups of options for what can be done here and is called so. `from` is where the focus was before the palette opened. */
export function thingsToDo(text: string, heading: string, from: Element | null): HTMLElement[] {
  const row = from?.closest<HTMLElement>("list-sheet :is(tbody tr, [data-card])") ?? document.querySelector<HTMLElement>("list-sheet .is-open");
  const all: [string, Thing[]][] = [
    ofTicked(document.querySelector<HTMLElement>("list-sheet .bulk")),
    ofRow(row),
    [heading, offered(document, "[data-do]:not(command-palette, .bulk *)")],
  ];
  let n = 0;
  return all.flatMap(([called, things], nth) => {
    const fitting = things.filter((thing) => isCalled(thing.name, text));
    return fitting.length ? [group(called, nth, fitting.map((thing) => option(thing, n++)))] : [];
  });
}

function group(called: string, nth: number, options: HTMLElement[]): HTMLElement {
  const made = document.createElement("div");
  made.setAttribute("role", "group");
  made.setAttribute("aria-labelledby", `do-heading-${nth}`);
  const name = document.createElement("div");
  name.className = "palette-group";
  name.id = `do-heading-${nth}`;
  name.setAttribute("role", "presentation");
  name.textContent = called;
  made.append(name, ...options);
  return made;
}

/** Takes away what leads to the page that is open: whoever asks wants to be elsewhere. */
export function leaveOutHere(list: HTMLElement): void {
  for (const group of list.querySelectorAll("[role=group]")) {
    for (const option of group.querySelectorAll<HTMLAnchorElement>("a[role=option]")) if (option.href === window.location.href) option.remove();
    if (!group.querySelector("[role=option]")) group.remove();
  }
}
