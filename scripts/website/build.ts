/** Makes the documentation site: scripts/docs-site. */
import { copyFile, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { deadLinks } from "./check-links.ts";
import { BASE, makeBaseRelative } from "./relative-base.ts";
import { stage } from "./stage.ts";

const ROOT = join(import.meta.dir, "..", "..");
const CACHE = join(import.meta.dir, ".cache");
const SOURCE = join(CACHE, "source");
const BUILT = join(CACHE, "site");

const target = resolve(process.argv[2] ?? join(ROOT, "dist", "site"));
await rm(CACHE, { recursive: true, force: true });

const { pages, broken, sidebar } = stage(ROOT);
if (broken.length > 0) throw new Error(`links that lead to nothing:\n${broken.join("\n")}`);
for (const [address, text] of pages) await write(address, text);
await write("index.md", await Bun.file(join(import.meta.dir, "home.md")).text());
await write(".vitepress/site.json", JSON.stringify({ base: BASE, version: packageJson.version, sidebar }));
for (const [from, to] of [
  ["config.js", ".vitepress/config.js"],
  ["theme.js", ".vitepress/theme/index.js"],
  ["theme.css", ".vitepress/theme/theme.css"],
  ["logo.svg", "public/logo.svg"],
  ["../../docs/recording.svg", "public/recording.svg"],
] as const) {
  await mkdir(dirname(join(SOURCE, to)), { recursive: true });
  await copyFile(join(import.meta.dir, from), join(SOURCE, to));
}

const vitepress = join(import.meta.dir, "node_modules/vitepress/bin/vitepress.js");
const runtime = Bun.which("node") ?? process.execPath;
const child = Bun.spawn([runtime, vitepress, "build", SOURCE], { stdout: "inherit", stderr: "inherit" });
if ((await child.exited) !== 0) throw new Error("VitePress could not build the site");

await makeBaseRelative(BUILT);
const dead = await deadLinks(BUILT);
if (dead.length > 0) throw new Error(`links that lead to nothing:\n${dead.join("\n")}`);
await rm(target, { recursive: true, force: true });
await cp(BUILT, target, { recursive: true });
console.log(`${target}: ${pages.size + 1} pages`);

async function write(address: string, text: string): Promise<void> {
  const path = join(SOURCE, address);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
