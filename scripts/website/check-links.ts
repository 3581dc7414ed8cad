import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";

/** Links, pictures and scripts of a built site that lead to no file or no heading, as "page: link". */
export async function deadLinks(folder: string): Promise<string[]> {
  const pages = new Map<string, { readonly ids: ReadonlySet<string>; readonly links: readonly string[] }>();
  const files = new Set<string>();
  for await (const file of new Bun.Glob("**/*").scan(folder)) {
    const name = file.replaceAll("\\", "/");
    files.add(name);
    if (!name.endsWith(".html")) continue;
    const html = (await readFile(join(folder, file), "utf8")).replaceAll(/<script[^>]*>[^]*?<\/script>/g, (script) =>
      script.slice(0, script.indexOf(">") + 1),
    );
    const values = (attribute: string): string[] =>
      Array.from(html.matchAll(new RegExp(` ${attribute}="([^"]*)"`, "g")), ([, value = ""]) =>
        value.replaceAll("&amp;", "&"),
      );
    pages.set(name, { ids: new Set(values("id")), links: [...values("href"), ...values("src")] });
  }
  const dead: string[] = [];
  for (const [page, { links }] of pages) {
    for (const link of new Set(links)) {
      if (/^([a-z]+:|$)/.test(link)) continue;
      const [path = "", anchor = ""] = link.split("#");
      const target = path === "" ? page : fileOf(posix.join(posix.dirname(page), decodeURIComponent(path)));
      const ids = pages.get(target)?.ids;
      const isThere = files.has(target) && (anchor === "" || ids === undefined || ids.has(decodeURIComponent(anchor)));
      if (!isThere || path.startsWith("/")) dead.push(`${page}: ${link}`);
    }
  }
  return dead;
}

/** What a server of files sends for a path. */
function fileOf(path: string): string {
  if (path === "." || path === "./") return "index.html";
  return path.endsWith("/") ? `${path}index.html` : path;
}
