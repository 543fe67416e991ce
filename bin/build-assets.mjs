// Builds what the browser gets: scripts, style sheets, one icon sprite, named by their content, each also compressed.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const web = path.join(root, "tasuki/web");
const built = path.join(web, "static/built");
const icons = path.join(root, "node_modules/@tabler/icons/icons/outline");

async function* filesBelow(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "static") yield* filesBelow(full);
    else if (/\.(jinja|html|py)$/.test(entry.name)) yield full;
  }
}

// An icon is in the sprite when a template or a view names it in quotes, as the argument of whatever macro: a few words that
// happen to be the name of an icon too come along, and weigh less than a list that somebody has to keep.
// What only the pages of some tools name is a sprite of its own, so that a first page does not carry it.
const ofSomePages = /\/(inside_sales|wins|mail|agreements|handoffs|meetings|scoring|consents|contact_rules|do_not_contact|exit_reasons|settings|set_up|merges|duplicates|imports|audit|teams|people|custom_fields|stages|tour|profile|passwords|handbook|plan|disclosures|erasures)\/|\/(settings_index|plan\w*|erasure\w*|disclosure\w*|retention)\.py$/;

// Not a key, nor the value of an attribute other than one for an icon; in Python not what comes first in a call either, which is the name of something.
const named = /(?:(?<=icon(?:_name)?=)|(?<![=[]))["']([a-z][a-z0-9-]*)["'](?![:\]])/g;
const namedInPython = /(?:(?<=icon(?:_name)?=)|(?<![=[(]))["']([a-z][a-z0-9-]*)["'](?![:\]])/g;

async function sprites() {
  const there = new Set((await readdir(icons)).map((file) => path.basename(file, ".svg")));
  const common = new Set();
  const others = new Set();
  for await (const file of filesBelow(web)) {
    const text = await readFile(file, "utf8");
    const names = ofSomePages.test(file.slice(web.length)) ? others : common;
    for (const match of text.matchAll(file.endsWith(".py") ? namedInPython : named)) if (there.has(match[1])) names.add(match[1]);
  }
  return { common: await drawn([...common]), others: await drawn([...others].filter((name) => !common.has(name))) };
}

async function drawn(names) {
  const symbols = [];
  for (const name of names.sort()) {
    const svg = await readFile(path.join(icons, `${name}.svg`), "utf8");
    const body = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s+/g, " ").replace(/<path stroke="none"[^>]*\/>/g, "").trim()}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

// Their licences ask that they travel with what was made of them.
async function licences() {
  const texts = ["@tabler/icons", "htmx.org"].map(async (name) => `${name}\n\n${await readFile(path.join(root, "node_modules", name, "LICENSE"), "utf8")}`);
  return (await Promise.all(texts)).join("\n\n");
}

// What a page that is open somewhere, or a server that is running, still asks for stays for a day.
async function sweep(current) {
  const old = Date.now() - 24 * 3600 * 1000;
  for (const name of await readdir(built)) {
    if (!current.has(name.replace(/\.(gz|br)$/, "")) && (await stat(path.join(built, name))).mtimeMs < old) await rm(path.join(built, name));
  }
}

// What every page gets, and what only some pages ask for beside it. A sheet of some pages comes before the common one, so it names the layers too.
const entries = [
  ...["app", "records", "cards", "find_tiles", "desk", "coaching", "name_field", "known_hint", "text_acts", "things_to_do"].map((name) => ({ in: path.join(web, `elements/${name}.ts`), out: name })),
  ...["style", "relay", "cards", "handbook", "desk", "inside_sales", "mail", "merging", "numbers", "office", "qualification", "coaching", "names", "plan"].map((name) => ({ in: path.join(web, `styles/${name}.css`), out: name })),
];

async function build() {
  const result = await esbuild.build({
    entryPoints: entries,
    outdir: built,
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    external: ["/static/*"],
    legalComments: "none",
    logLevel: "warning",
  });
  const files = result.outputFiles.map((file) => [path.basename(file.path), Buffer.from(file.contents)]);
  const { common, others } = await sprites();
  files.push(["icons.svg", Buffer.from(common)], ["more_icons.svg", Buffer.from(others)], ["licences.txt", Buffer.from(await licences())]);
  await mkdir(built, { recursive: true });
  const manifest = {};
  for (const [name, bytes] of files) {
    const { name: stem, ext } = path.parse(name);
    const named = `${stem}.${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}${ext}`;
    manifest[name] = named;
    await writeFile(path.join(built, named), bytes);
    await writeFile(path.join(built, `${named}.gz`), gzipSync(bytes, { level: 9 }));
    await writeFile(path.join(built, `${named}.br`), brotliCompressSync(bytes));
  }
  // The manifest comes last and at once: a server never reads half of one, or a name that is not there yet.
  await writeFile(path.join(built, "manifest.json.new"), JSON.stringify(manifest, null, 1));
  await rename(path.join(built, "manifest.json.new"), path.join(built, "manifest.json"));
  await sweep(new Set(["manifest.json", ...Object.values(manifest)]));
}

await build();
if (process.argv.includes("--watch")) {
  const { watch } = await import("node:fs");
  let waiting;
  watch(web, { recursive: true }, (_event, name) => {
    if (!name || name.startsWith("static") || !/\.(css|ts|jinja|html|py)$/.test(name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => build().catch((error) => console.error(error.message)), 80);
  });
}
