// Builds what the browser gets: one script, one style sheet, one icon sprite, named by their content, each also compressed.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
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

// An icon is in the sprite when a template or a view names it: icon("bell"), icon="bell" or icon_name="bell".
async function sprite() {
  const names = new Set();
  for await (const file of filesBelow(web)) {
    for (const match of (await readFile(file, "utf8")).matchAll(/\bicon(?:_name)?(?:\(|=)\s*["']([a-z0-9-]+)["']/g)) names.add(match[1]);
  }
  const symbols = [];
  for (const name of [...names].sort()) {
    const svg = await readFile(path.join(icons, `${name}.svg`), "utf8").catch(() => {
      throw new Error(`There is no Tabler icon “${name}”.`);
    });
    const body = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s+/g, " ").replace(/<path stroke="none"[^>]*\/>/g, "").trim()}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

async function build() {
  const result = await esbuild.build({
    entryPoints: { app: path.join(web, "elements/app.ts"), style: path.join(web, "styles/style.css") },
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
  files.push(["icons.svg", Buffer.from(await sprite())]);
  await rm(built, { recursive: true, force: true });
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
  await writeFile(path.join(built, "manifest.json"), JSON.stringify(manifest, null, 1));
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
