/**
 * Makes a built site independent of where it is put: VitePress builds for one base path, which stands in the
 * pages and scripts as a word of its own. In a page it becomes the way to the top; scripts ask the page for it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What stands for the base path while the site is built. */
export const BASE = "/__site-base__/";

/** Replaces the base path in every page and script; a place that it does not know is an error. */
export async function makeBaseRelative(folder: string): Promise<void> {
  for await (const name of new Bun.Glob("**/*.{html,js,css,json}").scan(folder)) {
    const path = join(folder, name);
    const text = await readFile(path, "utf8");
    const changed = name.endsWith(".html") ? relativePage(text, name.replaceAll("\\", "/")) : relativeScript(text);
    if (changed.includes(BASE)) throw new Error(`${name} has the base path where it cannot be replaced`);
    if (changed !== text) await writeFile(path, changed);
  }
}

/** A page, by its address, with links that start where it is. */
export function relativePage(html: string, address: string): string {
  const top = "../".repeat(address.split("/").length - 1) || "./";
  const setBase = `<script>globalThis.__siteBase=new URL(${JSON.stringify(top)},location.href).pathname</script>`;
  return (
    html
      .replace("<head>", () => `<head>\n    ${setBase}`)
      // The data of the site, as JSON in a script's string.
      .replace(`\\"base\\":\\"${BASE}\\"`, '\\"base\\":\\"\\"')
      .replace(
        /(window\.__VP_SITE_DATA__=JSON\.parse\((?:"(?:[^"\\]|\\.)*")\));?/,
        "$1;__VP_SITE_DATA__.base=__siteBase;",
      )
      // Following a link changes the address without loading the frame around the page anew.
      .replace("</body>", () => `<script>${MAKE_ABSOLUTE}</script></body>`)
      .replaceAll(BASE, top)
  );
}

const MAKE_ABSOLUTE =
  "for(const e of document.querySelectorAll(\"#app a[href^='.'],link[rel=icon]\"))e.href=e.href;" +
  "for(const e of document.querySelectorAll(\"#app img[src^='.']\"))e.src=e.src";

/** A script: a string that is the base path, or begins with it, is put together when it runs. */
function relativeScript(script: string): string {
  // The index of the search is one string, with addresses in it.
  const index = /^const (\w+)='\{"documentCount"/.exec(script)?.[1];
  if (index !== undefined) {
    return script
      .replaceAll(BASE, IN_INDEX)
      .replace(
        `export{${index} as default}`,
        `export default ${index}.replaceAll("${IN_INDEX}",globalThis.__siteBase)`,
      );
  }
  return script.replaceAll(`"${BASE}"`, "globalThis.__siteBase").replaceAll(`"${BASE}`, 'globalThis.__siteBase+"');
}

const IN_INDEX = "site-base:";
