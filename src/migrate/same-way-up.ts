import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { HEADER_BYTES, readImportHeader } from "./layouts/imported.ts";
import type { Body } from "./files/body.ts";
import { waysOfText } from "./files/load.ts";
import { type MigrationFile, migrationId } from "./files/migration-file.ts";
import { originOf } from "./import/origin.ts";

/** How many statements of a difference are shown. */
const SHOWN = 6;
/** How much of each, in UTF-16 units. */
const WIDTH = 160;

/** A text that was applied, and the file that says how it is to be read. */
export interface FormerFile {
  readonly file: MigrationFile;
  readonly text: string;
}

/** A text that was applied, as the file it was: before an import, that of another tool. */
export function formerFile(projectDir: string, file: MigrationFile, text: string): FormerFile {
  const layout = originOf(projectDir, file)?.layout;
  const isOld = layout !== undefined && readImportHeader(Buffer.from(text.slice(0, HEADER_BYTES))) === undefined;
  return { file: isOld ? { ...file, layout } : file, text };
}

/** Why an edited migration may not be what was applied. */
export interface Difference {
  readonly error: ConfitureError;
  /**
   * Whether running both in a scratch database would tell. Of ways up: no statement in which they differ can touch rows. Of ways
   * back: there still is one.
   */
  readonly isProvable: boolean;
}

/**
 * Whether an edited migration would still run what was applied: comments, white space and the way back may differ.
 * @param applied the text that was applied, undefined where it is not known
 * @param now the file's text, null where it cannot be read
 * @returns undefined where it would; an `accept_refused` with what differs otherwise
 */
export function findDifference(
  file: MigrationFile,
  applied: FormerFile | undefined,
  now: string | null,
): Difference | undefined {
  const id = migrationId(file);
  const anyway = `confiture migrate accept ${shellWord(file.version)} --different`;
  if (applied === undefined) {
    const error = new ConfitureError(
      "accept_refused",
      `What was applied as ${id} is not known: the ledger does not have its text`,
      {
        hint: `It was recorded by an older version, or is too large to be kept. Compare the file with that of the commit it was applied from. If it does the same: ${anyway}`,
        location: { file: file.path },
      },
    );
    return { error, isProvable: false };
  }
  const before = whatRuns(applied.file, applied.text);
  const after = now === null ? undefined : whatRuns(file, now);
  if (before !== undefined && after !== undefined && Bun.deepEquals(keys(before), keys(after))) return undefined;
  const { removed, added } = difference(before ?? [], after ?? []);
  const error = refusal(file, {
    message: `Migration ${id} does something else now than what was applied:`,
    steps: [removed, added],
    hint: `Put the file back as it was and write a new migration for the change: databases that have it will never run it again. If every database has the change already: ${anyway}`,
  });
  const isProvable = before !== undefined && after !== undefined && [...removed, ...added].every(isOfSchemaAlone);
  return { error, isProvable };
}

/**
 * Whether an edited migration would be rolled back by other statements than the text that was applied. The code of a class is
 * compared as a whole, by `findDifference`, and a way back in a file of its own is no part of the edit.
 */
export function findOtherWayBack(
  file: MigrationFile,
  applied: FormerFile | undefined,
  now: string | null,
): Difference | undefined {
  if (applied === undefined || now === null || file.form !== "sql") return undefined;
  const [was, is] = [waysOfText(applied.file, applied.text).down, waysOfText(file, now).down];
  const [before, after] = [stepsOf(was), stepsOf(is)];
  if (was?.kind === is?.kind && Bun.deepEquals(keys(before ?? []), keys(after ?? []))) return undefined;
  const { removed, added } = difference(before ?? [], after ?? []);
  const id = migrationId(file);
  const error = refusal(file, {
    message:
      is === undefined ? `Migration ${id} has no way back any more:` : `Migration ${id} has another way back now:`,
    steps: [removed, added],
    hint: `Rolling it back would run what is in the file now. If that is meant: confiture migrate accept ${shellWord(file.version)} --different`,
  });
  return { error, isProvable: is !== undefined };
}

function refusal(
  file: MigrationFile,
  { message, steps, hint }: { readonly message: string; readonly steps: [Step[], Step[]]; readonly hint: string },
): ConfitureError {
  const [removed, added] = textsOf(...steps);
  return new ConfitureError(
    "accept_refused",
    [message, ...removed.map((text) => `  - ${text}`), ...added.map((text) => `  + ${text}`)].join("\n"),
    { hint, location: { file: file.path }, data: { removed, added } },
  );
}

/** Whether a step leaves rows alone, so that an empty database shows all that it does. */
function isOfSchemaAlone({ statement }: Step): boolean {
  if (statement === undefined) return false;
  if (statement === "transaction") return true;
  const [first = "", ...rest] = statement.tokens();
  switch (first) {
    case "COMMENT":
    case "GRANT":
    case "REVOKE":
      return true;
    case "CREATE":
      // CREATE TABLE ... AS; the AS of views and functions belongs to their definitions.
      return !(/^(?:TABLE|UNLOGGED|TEMP|TEMPORARY|GLOBAL|LOCAL)$/.test(rest[0] ?? "") && rest.includes("AS"));
    case "ALTER":
      // A default fills new columns of old rows, whatever becomes of it later.
      return !rest.slice(1).some((word) => TOUCHES_ROWS.has(word));
    default:
      return false;
  }
}

const TOUCHES_ROWS: ReadonlySet<string> = new Set([
  "DEFAULT",
  "DROP",
  "RENAME",
  "RESTART",
  "TYPE",
  "USING",
  "EXPRESSION",
]);

/** One thing that a migration runs. */
interface Step {
  /** The same for steps that do the same. */
  readonly key: string;
  readonly text: string;
  /** Undefined for code. */
  readonly statement?: Statement | "transaction";
}

/** What the way up of a text runs; undefined where it cannot be told. */
function whatRuns(file: MigrationFile, text: string): Step[] | undefined {
  if (file.form === "typescript") return codeOf(text);
  return stepsOf(waysOfText(file, text).up);
}

function stepsOf(way: Body | undefined): Step[] | undefined {
  if (way?.kind !== "sql") return undefined;
  const { script, transactional, opening } = way;
  const steps = script.statements.map((statement) => ({
    key: keyOf(statement, script.text),
    text: statement.text,
    statement,
  }));
  return [
    {
      key: `${transactional} ${opening} ${partsOf(script)}`,
      text: transactional ? (opening ?? "BEGIN") : "-- no-transaction",
      statement: "transaction",
    },
    ...steps,
  ];
}

/** The same for statements that do the same, whatever their comments and white space. */
function keyOf(statement: Statement, text: string): string {
  const { copyData } = statement;
  const data = copyData === undefined ? [] : [text.slice(copyData.start, copyData.end)];
  return [...statement.tokens(), ...data].join("\n");
}

/** Whether two texts run the same statements; marks of a tool in them count for nothing, as comments do. */
export function runTheSame(one: string, other: string): boolean {
  const keysOf = (text: string): string[] => splitStatements(text).statements.map((each) => keyOf(each, text));
  return one === other || Bun.deepEquals(keysOf(one), keysOf(other));
}

/** How many statements share each transaction, where COMMIT and BEGIN cut it. */
function partsOf({ parts = [] }: Script): string {
  return parts.map(({ length }) => length).join(" ");
}

/** A class without its types, comments and white space. */
function codeOf(text: string): Step[] | undefined {
  try {
    const code = new Bun.Transpiler({ loader: "ts", minifyWhitespace: true }).transformSync(text);
    return [{ key: code, text: "its code" }];
  } catch {
    // It does not parse.
    return undefined;
  }
}

function keys(steps: readonly Step[]): string[] {
  return steps.map(({ key }) => key);
}

/** What is between the equal beginnings and the equal ends. */
function difference(before: readonly Step[], after: readonly Step[]): { removed: Step[]; added: Step[] } {
  const [a, b] = [keys(before), keys(after)];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return { removed: before.slice(start, before.length - end), added: after.slice(start, after.length - end) };
}

/** Shortened for people. */
function textsOf(removed: readonly Step[], added: readonly Step[]): [removed: string[], added: string[]] {
  const short: [string[], string[]] = [shorten(removed), shorten(added)];
  // White space in a string is what differs.
  return Bun.deepEquals(short[0], short[1]) ? [shorten(removed, visible), shorten(added, visible)] : short;
}

const collapsed = (text: string): string => text.replaceAll(/\s+/g, " ");
const visible = (text: string): string =>
  text.replaceAll(/[\n\r\t]/g, (character) => JSON.stringify(character).slice(1, -1));

function shorten(steps: readonly Step[], inLine = collapsed): string[] {
  const lines = steps.slice(0, SHOWN).map(({ text }) => {
    const line = inLine(text);
    return line.length > WIDTH ? `${line.slice(0, WIDTH)} ...` : line;
  });
  return steps.length > SHOWN ? [...lines, `... and ${steps.length - SHOWN} more`] : lines;
}
