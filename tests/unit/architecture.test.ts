import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * The backstop of the import rules in .oxlintrc.json: it also sees dynamic imports, new folders and
 * files that switch the linter off.
 */
const SOURCE = join(import.meta.dir, "..", "..", "src");

/** What each folder may import; main -> cli -> features -> database -> sql, files, errors. */
const LADDER: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli", "errors"],
  cli: ["config", "lint", "sync", "compare", "build", "migrate", "scratch", "database", "sql", "files", "errors"],
  config: ["database", "sql", "files", "errors"],
  build: ["database", "sql", "files", "errors"],
  migrate: ["database", "sql", "files", "errors"],
  // What it compares is made by building and by migrating.
  compare: ["build", "migrate", "scratch", "database", "sql", "files", "errors"],
  // It reads migrations as the runner does, and asks the trace what statements do.
  lint: ["compare", "build", "migrate", "scratch", "database", "sql", "files", "errors"],
  // It writes the schema of the target, and brings its ledger along.
  sync: ["compare", "build", "migrate", "scratch", "database", "sql", "files", "errors"],
  scratch: ["database", "sql", "files", "errors"],
  database: ["sql", "files", "errors"],
  sql: ["errors"],
  files: ["errors"],
  errors: [],
};

/** Packages that only some files may import. */
const RESERVED: readonly { name: string; only: RegExp; why: string }[] = [
  { name: "postgres", only: /^database\/session\.ts$/, why: "everybody else uses the Database interface" },
  { name: "@electric-sql/pglite", only: /^database\/embedded/, why: "everybody else uses the Database interface" },
  {
    name: "@supabase/pg-delta",
    only: /^compare\/engine\//,
    why: "the planner has to stay replaceable: everybody else knows the types of compare/engine",
  },
  { name: "libpg-query", only: /^sql\/parser(?:-module)?\.ts$/, why: "what runs everywhere goes by the splitter" },
  { name: "citty", only: /^cli\//, why: "only the command line parses command lines" },
  { name: "consola", only: /^cli\//, why: "core code emits events and throws errors; it never prints" },
];

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const transpilers = { ".ts": new Bun.Transpiler({ loader: "ts" }), ".tsx": new Bun.Transpiler({ loader: "tsx" }) };

const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"))
  .map((name) => {
    const path = name.replaceAll("\\", "/");
    const text = readFileSync(join(SOURCE, name), "utf8");
    const transpiler = transpilers[path.endsWith("x") ? ".tsx" : ".ts"];
    return {
      path,
      folder: path.split("/")[0]!,
      text,
      imports: transpiler.scanImports(text).map((found) => found.path),
    };
  });

/** The folder of src that an import leads to; undefined when it leads to a package. */
function importedFolder(file: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return specifier.slice(1).split("/")[0];
  if (!specifier.startsWith(".")) return undefined;
  return relative(SOURCE, join(SOURCE, dirname(file.path), specifier)).split(/[/\\]/)[0];
}

test("imports go down only, and features do not know each other", () => {
  const wrong = files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const folder = importedFolder(file, specifier);
      if (folder === undefined || folder === file.folder || folder === "..") return [];
      const allowed = LADDER[file.folder];
      if (allowed === undefined) return [`${file.path}: the folder ${file.folder} has no place in the ladder`];
      return allowed.includes(folder) ? [] : [`${file.path} imports ${specifier}`];
    }),
  );
  expect(wrong).toEqual([]);
});

/** From the top: what is further down does not import what is further up. */
const COMPARE = [
  "verify",
  "contained",
  "generate",
  "trace",
  "sources",
  "tree",
  "runs",
  "plan",
  "catalogue",
  "kinds",
  "engine",
];

test("inside compare, imports go down only", () => {
  const level = (path: string): number => COMPARE.indexOf(path.split("/")[1]!);
  const wrong = files
    .filter((file) => level(file.path) >= 0)
    .flatMap((file) =>
      file.imports
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => relative(SOURCE, join(SOURCE, dirname(file.path), specifier)).replaceAll("\\", "/"))
        .filter((path) => level(path) < level(file.path))
        .map((path) => `${file.path} imports ${path}`),
    );
  expect(wrong).toEqual([]);
});

for (const { name, only, why } of RESERVED) {
  test(`${name} stays in its place: ${why}`, () => {
    const importers = files.filter((file) => file.imports.some((path) => path === name || path.startsWith(`${name}/`)));
    expect(importers.map((file) => file.path).filter((path) => !only.test(path))).toEqual([]);
  });
}

test("only main.ts and cli touch the process: core code takes its surroundings as options", () => {
  // The process's own number and its rejected promises say nothing about its surroundings.
  const onlyNumber = /import \{ pid \} from "node:process"|process\.on\("unhandledRejection"/;
  // Which processes there are, and what system this is, is what files and their locks are about.
  const ofFiles = /import \{ [a-z, ]+ \} from "node:process"/;
  const wrong = files.filter(
    (file) =>
      !["main.ts", "cli"].includes(file.folder) &&
      ((file.imports.some((path) => /^(node:)?process$/.test(path)) &&
        !(file.folder === "files" ? ofFiles : onlyNumber).test(file.text)) ||
        /\bglobalThis\.process\b|\bBun\.env\b/.test(file.text)),
  );
  expect(wrong.map((file) => file.path)).toEqual([]);
});

test("only files reads and writes files", () => {
  const reading =
    /\b(writeFile|appendFile|rename|copyFile|mkdtemp|createWriteStream|createReadStream|readFile|symlink|link)(Sync)?\b|Bun\.write/;
  const wrong = files.filter(
    (file) =>
      file.folder !== "files" &&
      !file.path.startsWith("database/embedded") &&
      [...file.text.matchAll(/import (.*?) from "(node:)?fs(\/promises)?"|Bun\.write/g)].some((found) =>
        reading.test(found[0]),
      ),
  );
  expect(wrong.map((file) => file.path)).toEqual([]);
});

test("nobody calls process.exit: it cuts off output that is still on its way through a pipe", () => {
  // A second interrupt must end the program at once. In the thread of the migrations the call is what is taken away.
  const may = (file: SourceFile): boolean =>
    file.path === "main.ts" || file.folder === "cli" || file.path === "migrate/guest/surroundings.ts";
  const wrong = files.filter((file) => file.text.includes("process.exit(") && !may(file));
  expect(wrong.map((file) => file.path)).toEqual([]);
});

test("there are no barrels: an index.ts hides who depends on whom", () => {
  expect(files.map((file) => file.path).filter((path) => /(^|\/)index\.tsx?$/.test(path))).toEqual([]);
});

test("no folder is a drawer for anything", () => {
  const drawer = /(^|\/)(utils?|helpers?|common|misc|shared|lib)(\.ts|\/)/;
  expect(files.map((file) => file.path).filter((path) => drawer.test(path))).toEqual([]);
});

test("the linter is never switched off for a boundary", () => {
  const wrong = files.filter((file) => /(oxlint|eslint)-disable[^\n]*no-restricted/.test(file.text));
  expect(wrong.map((file) => file.path)).toEqual([]);
});
