// A button or a link may say by which key it is pressed: data-press="k". The first of the page is meant, and no key while somebody types.
import { isForThePage } from "./single_keys";

document.addEventListener("keydown", (event) => {
  if (event.shiftKey || !/^[a-z0-9]$/i.test(event.key) || !isForThePage(event)) return;
  const pressed = document.querySelector<HTMLElement>(`.shell-main :is(button, a)[data-press="${event.key.toLowerCase()}"]`);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
});
