// What the page that is open offers to do: everything that carries data-do, the words for it. So the palette never offers what
// the page does not, and the page offers what the person may. Doing it opens the form where it stands, or follows the link.
function doIt(thing: HTMLElement): void {
  for (let around = thing.closest("details"); around; around = around.parentElement?.closest("details") ?? null) around.open = true;
  if (thing instanceof HTMLAnchorElement) return thing.click();
  const form = thing instanceof HTMLDetailsElement ? thing : (thing.closest("form") ?? thing);
  const field = form.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea, button");
  (field ?? thing).focus();
  thing.scrollIntoView({ block: "nearest" });
}

function option(thing: HTMLElement, nth: number): HTMLElement {
  const made = document.createElement("div");
  made.className = "palette-item";
  made.id = `do-${nth}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  const icon = thing.querySelector("svg.icon")?.cloneNode(true);
  const name = document.createElement("b");
  name.textContent = thing.dataset.do ?? "";
  made.append(icon ?? document.createElement("span"), name);
  // After the dialog has closed and given the focus back.
  made.addEventListener("click", () => window.setTimeout(() => doIt(thing)));
  return made;
}

/** The group of options for what can be done here and is called so; nothing when there is none. */
export function thingsToDo(text: string, heading: string): HTMLElement[] {
  const typed = text.trim().toLowerCase();
  const things = [...document.querySelectorAll<HTMLElement>("[data-do]:not(command-palette)")].filter((thing) => thing.dataset.do?.toLowerCase().includes(typed));
  if (!things.length) return [];
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", "do-heading");
  const name = document.createElement("div");
  name.className = "palette-group";
  name.id = "do-heading";
  name.setAttribute("role", "presentation");
  name.textContent = heading;
  group.append(name, ...things.map(option));
  return [group];
}

/** Takes away what leads to the page that is open: whoever asks wants to be elsewhere. */
export function leaveOutHere(list: HTMLElement): void {
  for (const group of list.querySelectorAll("[role=group]")) {
    for (const option of group.querySelectorAll<HTMLAnchorElement>("a[role=option]")) if (option.href === window.location.href) option.remove();
    if (!group.querySelector("[role=option]")) group.remove();
  }
}
