import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { upOfText } from "./load.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";

/** How many statements of a difference are shown. */
const SHOWN = 6;
/** How much of each, in UTF-16 units. */
const WIDTH = 160;

/** A text that was applied, and the file that says how it is to be read. */
export interface FormerFile {
  readonly file: MigrationFile;
  readonly text: string;
}

/**
 * Requires that an edited migration would still run what was applied: comments, white space and the way back may differ.
 * @param applied the text that was applied, undefined where it is not known
 * @param now the file's text, null where it cannot be read
 * @throws ConfitureError `accept_refused` with what differs
 */
export function requireSame(file: MigrationFile, applied: FormerFile | undefined, now: string | null): void {
  const id = migrationId(file);
  const anyway = `confiture migrate accept ${shellWord(file.version)} --different`;
  if (applied === undefined) {
    throw new ConfitureError(
      "accept_refused",
      `What was applied as ${id} is not known: the ledger does not have its text`,
      {
        hint: `It was recorded by an older version, or is too large to be kept. Compare the file with that of the commit it was applied from. If it does the same: ${anyway}`,
        location: { file: file.path },
      },
    );
  }
  const before = whatRuns(applied.file, applied.text);
  const after = now === null ? undefined : whatRuns(file, now);
  if (before !== undefined && after !== undefined && Bun.deepEquals(keys(before), keys(after))) return;
  const { removed, added } = difference(before ?? [], after ?? []);
  throw new ConfitureError(
    "accept_refused",
    [
      `Migration ${id} does something else now than what was applied:`,
      ...removed.map((text) => `  - ${text}`),
      ...added.map((text) => `  + ${text}`),
    ].join("\n"),
    {
      hint: `Put the file back as it was and write a new migration for the change: databases that have it will never run it again. If every database has the change already: ${anyway}`,
      location: { file: file.path },
      data: { removed, added },
    },
  );
}

/** One thing that a migration runs. */
interface Step {
  /** The same for steps that do the same. */
  readonly key: string;
  readonly text: string;
}

/** What the way up of a text runs; undefined where it cannot be told. */
function whatRuns(file: MigrationFile, text: string): Step[] | undefined {
  if (file.form === "typescript") return codeOf(text);
  const up = upOfText(file, text);
  if (up.kind !== "sql") return undefined;
  const { script, transactional, opening } = up;
  const steps = script.statements.map((statement) => ({
    key: [
      ...statement.tokens(),
      ...(statement.copyData === undefined
        ? []
        : [script.text.slice(statement.copyData.start, statement.copyData.end)]),
    ].join("\n"),
    text: statement.text,
  }));
  return [
    {
      key: `${transactional} ${opening} ${partsOf(script)}`,
      text: transactional ? (opening ?? "BEGIN") : "-- no-transaction",
    },
    ...steps,
  ];
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

/** What is between the equal beginnings and the equal ends, shortened for people. */
function difference(before: readonly Step[], after: readonly Step[]): { removed: string[]; added: string[] } {
  const [a, b] = [keys(before), keys(after)];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [removed, added] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const short = { removed: shorten(removed), added: shorten(added) };
  // White space in a string is what differs.
  const isSpace = Bun.deepEquals(short.removed, short.added);
  return isSpace ? { removed: shorten(removed, visible), added: shorten(added, visible) } : short;
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
