// The undo of an edit stands in a toast. With script it puts the value back where it stands, without loading the page anew.
import { asked, putInPlace } from "./fresh_parts";

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const toast = form.closest("flash-toast");
  const place = document.querySelector("edit-in-place");
  if (!toast || !place || !new URL(form.action).pathname.startsWith("/edits/")) return;
  event.preventDefault();
  const sent = new FormData(form);
  sent.set("next", window.location.pathname + window.location.search);
  if (place.querySelector("tr")) sent.set("as", "row");
  toast.remove();
  void asked(form.action, sent).then((answer) => {
    if (answer?.isDone) putInPlace(answer.page);
  });
});
