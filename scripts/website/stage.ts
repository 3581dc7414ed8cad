/**
 * The pages of the site, made from the documents of the repository: each gets its address, and its links lead to
 * the addresses of others. A file that is no document but is linked to becomes a page that shows it.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, posix } from "node:path";
import { type Entry, OUTLINE } from "./outline.ts";

const OTHER_DOCUMENTS: Readonly<Record<string, string>> = {
  "README.md": "quick-start.md",
  // The site has a home page of its own, and a list beside every page.
  "docs/README.md": "all-pages.md",
  "CONTRIBUTING.md": "contributing.md",
  "CHANGELOG.md": "changelog.md",
  ".github/SECURITY.md": "security.md",
  ".github/CODE_OF_CONDUCT.md": "code-of-conduct.md",
};

/** The documents of the repository that are pages of the site. */
export function documentsIn(root: string): string[] {
  const globs = ["docs/**/*.md", "examples/*/README.md"].map((pattern) => new Bun.Glob(pattern));
  const found = globs.flatMap((glob) => [...glob.scanSync({ cwd: root })].map((path) => path.replaceAll("\\", "/")));
  return [...Object.keys(OTHER_DOCUMENTS), ...found.filter((name) => !(name in OTHER_DOCUMENTS)).toSorted()];
}

/** Where the site shows a document. */
export function addressOf(document: string): string {
  const other = OTHER_DOCUMENTS[document];
  if (other !== undefined) return other;
  return document.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1index.md");
}

export interface Site {
  /** Files of the site, by address. */
  readonly pages: ReadonlyMap<string, string>;
  /** Links that lead to nothing, as "document: link". */
  readonly broken: readonly string[];
  readonly sidebar: readonly SidebarSection[];
}

interface SidebarSection {
  readonly text: string;
  readonly collapsed: boolean;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** Everything that VitePress is given. */
export function stage(root: string): Site {
  const pages = new Map<string, string>();
  const broken: string[] = [];
  const files = new Set<string>();
  const documents = documentsIn(root);
  const known = new Set(documents);

  const addressOfTarget = (target: string): string | undefined => {
    if (known.has(target)) return addressOf(target);
    const readme = posix.join(target, "README.md");
    if (known.has(readme)) return addressOf(readme);
    if (!existsSync(join(root, target))) return undefined;
    // Pictures lie at the top, where VitePress has files that it does not change.
    if (extname(target) === ".svg") return `/${basename(target)}`;
    files.add(target);
    return fileAddress(root, target);
  };

  for (const document of documents) {
    const address = addressOf(document);
    const text = outsideCode(readFileSync(join(root, document), "utf8"), (prose) =>
      prose.replaceAll(/\]\(([^)\s]+)\)/g, (whole, link: string) => {
        if (/^[a-z]+:|^#/.test(link)) return whole;
        const [path = "", anchor] = link.split("#");
        const target = addressOfTarget(posix.join(posix.dirname(document), path).replace(/\/$/, ""));
        if (target === undefined) broken.push(`${document}: ${link}`);
        return `](${relativeLink(address, target ?? path)}${anchor === undefined ? "" : `#${anchor}`})`;
      }),
    );
    pages.set(address, UNSEARCHED.test(document) ? `---\nsearch: false\n---\n\n${text}` : text);
  }
  // A folder's page leads to the pages of what is in it.
  for (const file of files) pages.set(fileAddress(root, file), fileOrFolderPage(root, file, files));
  return { pages, broken, sidebar: sidebarOf(root) };
}

/** Long lists that would come first for every word. */
const UNSEARCHED = /^(CHANGELOG|docs\/convergence)\.md$/;

/** Changes the text outside fenced blocks. */
function outsideCode(markdown: string, change: (prose: string) => string): string {
  return markdown
    .split(/(^```[^]*?^```$)/m)
    .map((part) => (part.startsWith("```") ? part : change(part)))
    .join("");
}

function relativeLink(from: string, to: string): string {
  if (to.startsWith("/")) return to;
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Where the site shows a file that is no document. */
function fileAddress(root: string, file: string): string {
  const visible = file.replace(/^\./, "");
  return statSync(join(root, file)).isDirectory() ? `files/${visible}/index.md` : `files/${visible}.md`;
}

const LANGUAGES: Readonly<Record<string, string>> = { ".yml": "yaml", "": "sh", ".txt": "text", ".sql": "sql" };

function fileOrFolderPage(root: string, file: string, files: Set<string>): string {
  const head = `---\nsearch: false\naside: false\nprev: false\nnext: false\n---\n\n# ${basename(file)}\n`;
  const path = join(root, file);
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path).toSorted();
    const links = names.map((name) => {
      const inside = posix.join(file, name);
      // Also what is added while the set is gone through gets its page.
      files.add(inside);
      return `- [${name}](${relativeLink(fileAddress(root, file), fileAddress(root, inside))})`;
    });
    return `${head}\n\`${file}\` in the repository.\n\n${links.join("\n")}\n`;
  }
  const name = basename(file);
  const language = name === "Dockerfile" ? "dockerfile" : (LANGUAGES[extname(file)] ?? extname(file).slice(1));
  const text = readFileSync(path, "utf8");
  const fence = text.includes("```") ? "````" : "```";
  return `${head}\n\`${file}\` in the repository.\n\n${fence}${language}\n${text.trimEnd()}\n${fence}\n`;
}

function sidebarOf(root: string): SidebarSection[] {
  return OUTLINE.map(({ title, entries }, index) => ({
    text: title,
    collapsed: index > 1,
    items: entries.map((entry) => {
      const page = titled(root, entry);
      return {
        text: page.title,
        link: `/${addressOf(page.file)
          .replace(/(^|\/)index\.md$/, "$1")
          .replace(/\.md$/, "")}`,
      };
    }),
  }));
}

/** A page with the title that lists show. */
export function titled(root: string, entry: Entry): Exclude<Entry, string> {
  return typeof entry === "string" ? { file: entry, title: headingOf(root, entry) } : entry;
}

function headingOf(root: string, document: string): string {
  const path = join(root, document);
  const heading = existsSync(path) ? /^# (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined;
  return heading?.replaceAll("`", "") ?? basename(dirname(document));
}
