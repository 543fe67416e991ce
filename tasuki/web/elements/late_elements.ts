// Elements that few pages have say where their behaviour is, and their look if it is their own: it is loaded when the first is on the page,
// wherever it came from.
const awaited = new Set(["name-field", "known-hint", "text-acts"]);

function load(): void {
  for (const name of awaited) {
    const { script, look } = document.querySelector<HTMLElement>(name)?.dataset ?? {};
    if (!script) continue;
    awaited.delete(name);
    if (look) document.head.prepend(Object.assign(document.createElement("link"), { rel: "stylesheet", href: look }));
    void import(script);
  }
  if (!awaited.size) watcher.disconnect();
}

const watcher = new MutationObserver(load);
watcher.observe(document.documentElement, { childList: true, subtree: true });
load();
