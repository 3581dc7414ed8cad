import { expect } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunResult } from "../../support/cli.ts";
import { runHere } from "../../support/in-process.ts";
import { type JsonDocument, readDocument } from "../document.ts";
import type { Files } from "./shapes.ts";

/** Where a cell's database is, and how it is looked at. */
export interface CellDatabase {
  /** The environment's `database:` part. */
  readonly yaml: string;
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** One project in one state, for a command that changes something or for several that only look. */
export class Cell {
  readonly dir = mkdtempSync(join(realpathSync(tmpdir()), "confiture-cell-"));
  readonly #database: CellDatabase;

  constructor(files: Files, database: CellDatabase) {
    this.#database = database;
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    this.write("db/environments/local.yaml", database.yaml);
  }

  write(path: string, text: string): void {
    const full = join(this.dir, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  files(): Files {
    const found = readdirSync(join(this.dir, "db"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    return Object.fromEntries(found.map((path) => [path.slice(this.dir.length + 1), readFileSync(path, "utf8")]));
  }

  /** Every row of every table, by table; the ledger apart. */
  async rows(): Promise<Rows> {
    const [row] = await this.#database.query(ROWS);
    return (row?.["rows"] ?? {}) as Rows;
  }

  run(args: readonly string[]): Promise<RunResult> {
    return runHere(args, { cwd: this.dir });
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

type Rows = Readonly<Record<string, readonly Record<string, unknown>[]>>;

const ROWS = `
  SELECT jsonb_object_agg(relname, (xpath('/row/all/text()', query_to_xml(format(
           'SELECT coalesce(jsonb_agg(to_jsonb(t)), ''[]'')::text AS all FROM %s t', c.oid::regclass), true, true, '')))[1]::text::jsonb) AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname !~ '^pg_' AND relname !~ '^confiture'`;

/** That no table, column, row or value of `before` is missing. */
export function expectNothingLost(before: Rows, after: Rows): void {
  for (const [table, rows] of Object.entries(before)) {
    expect(Object.keys(after)).toContain(table);
    for (const row of rows) expect(after[table]).toContainEqual(expect.objectContaining(row));
  }
}

/**
 * What a command came to, in a few words that fit into a table. A refusal has to name a command; that is done, and then the
 * first one again, which must come to something else:
 * `code: next step > what that came to > what the command comes to now`.
 */
export async function outcome(cell: Cell, args: readonly string[], depth = 0): Promise<string> {
  const first = await attempt(cell, args);
  if (!isRefusal(first) || depth === DEEPEST) return first.words;
  if (first.next === undefined) throw new Error(`No command helps with ${first.words}: ${first.hint ?? "no hint"}`);
  const step = await outcome(cell, first.next, depth + 1);
  const said = `${first.words}: ${first.next.join(" ")} > ${step}`;
  if (isSameCommand(first.next, args)) {
    expect(step).not.toStartWith(first.words);
    return said;
  }
  const again = await attempt(cell, args);
  // What is done instead of it need not change what it comes to.
  if (again.words === first.words) expect(said).not.toMatch(/ > \w+_\w+$/);
  return `${said} > ${again.words}`;
}

/** Steps that lead to steps. */
const DEEPEST = 3;

function isSameCommand(a: readonly string[], b: readonly string[]): boolean {
  return a.slice(0, 2).join(" ") === b.slice(0, 2).join(" ");
}

interface Attempt {
  readonly words: string;
  readonly hint?: string | undefined;
  /** What a refusal names first: a command, or the same one with a flag. */
  readonly next?: readonly string[] | undefined;
}

function isRefusal(made: Attempt): boolean {
  return "hint" in made;
}

async function attempt(cell: Cell, args: readonly string[]): Promise<Attempt> {
  const result = await cell.run([...args, "--format", "json"]);
  expect(result.stdout + result.stderr.replaceAll(/^NOTICE: .*$/gm, "")).not.toContain("already exists");
  const document = readDocument(result);
  const { error } = document;
  if (error === undefined) return { words: words(args, document) };
  expect(error.code).not.toBe("internal");
  const next = nextIn(error.hint ?? "", args);
  return { words: error.code, hint: error.hint, next };
}

/** The first step that a hint names, and that can be typed as it is. */
function nextIn(hint: string, args: readonly string[]): readonly string[] | undefined {
  for (const [, command, flag] of hint.matchAll(
    /\bconfiture ([a-z][^\n`;]*?)(?=[`;:,.)]*(?:  |\s\(|\n|$|`)|[,;:)]|\. )|(--[a-z][\w=.,-]*\w)/g,
  )) {
    const step = command === undefined ? [...args, flag!] : command.trim().replace("NAME", "next").split(" ");
    if (!step.some((word) => /^[A-Z]+$/.test(word))) return step;
  }
  return undefined;
}

type Item = Readonly<Record<"version" | "state" | "outcome" | "change" | "name" | "path", string>>;

/** The same outcome has the same words. Pure. */
function words(args: readonly string[], document: JsonDocument): string {
  const list = (field: string): readonly Item[] => (document[field] ?? []) as Item[];
  const names = (field: string): string => ((document[field] ?? []) as string[]).join(" ");
  const changes = (): string => list("changes").map(sign).join(" ");
  const command = args.filter((arg) => !arg.startsWith("-")).slice(0, 2);
  switch (command.join(" ")) {
    case "build":
      return `builds${part("records", names("recorded"))}${part("leaves", names("unrecorded"))}${part("edited", names("edited"))}`;
    case "migrate up": {
      const applied = list("migrations").map(({ version }) => version);
      return applied.length === 0 ? "nothing" : `applies ${applied.join(" ")}`;
    }
    case "migrate status":
      return inWords(list("migrations").map(({ version, state }) => `${version} ${state}`));
    case "verify":
      return inWords(list("checks").map((check) => check.outcome));
    case "drift":
    case "diff":
      return `${changes() || "none"}${part("pending", names("pending"))}`;
    case "migrate generate":
      return list("migrations").length === 0 ? "nothing" : `writes ${changes()}`;
    case "schema update":
      return inWords(list("files").map(({ path, change }) => `${change} ${path.replace("db/schema/", "")}`));
    case "migrate squash":
      return `squashes ${names("squashed")}`;
    default:
      return document.ok ? "done" : "findings";
  }
}

const SIGNS: Readonly<Record<string, string>> = { added: "+", dropped: "-", changed: "~" };

function sign({ change, name }: Item): string {
  return `${SIGNS[change] ?? "?"}${name.replace("public.", "")}`;
}

function inWords(all: readonly string[]): string {
  return all.length === 0 ? "none" : all.join(", ");
}

function part(word: string, what: string): string {
  return what === "" ? "" : `, ${word} ${what}`;
}
