// Menus are <details class="menu">. Without script they toggle; with it, a click elsewhere or Escape closes them too.
function closeMenus(except: Element | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus((event.target as Element).closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest<HTMLDetailsElement>("details.menu[open]");
  closeMenus(null);
  open?.querySelector<HTMLElement>("summary")?.focus();
});
