import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { familyOf } from "../transforms/registry.ts";
import { guessByName, guessText, looksPersonal } from "./guess.ts";
import { columnReference } from "./names.ts";
import { personOf } from "./person.ts";
import type { Reference } from "./references.ts";
import { DECIDE } from "./written-treatment.ts";
import { tableKey, yamlKey, yamlPath } from "./yaml-key.ts";

/** Rules that make other results of other texts, and how many characters a result has. */
const DISTINCT_TEXTS: Readonly<Record<string, number>> = { email: 29, username: 21, token: 32 };

/** The fewest digits of a token of which no two are the same but by chance. */
const LEAST_TOKEN = 14;

/** The line of a rule that makes other results of other values, as a unique column needs it; never to keep what looks personal. */
export function distinctFor(table: SourceTable, column: SourceColumn): string {
  const rule = distinctRule(column);
  const name = yamlKey(column.name);
  if (rule !== undefined) return `${name}: ${rule}  # different values get different results`;
  const ways = [
    ...(column.notNull ? [] : [`${name}: { value: null }`]),
    `${tableKey(table)}: skip`,
    ...(looksPersonal(column) ? [] : [`${name}: keep, if nothing in it is personal`]),
  ];
  return `No transform gives different values of ${column.type} different results: ${ways.join("; or ")}`;
}

function distinctRule(column: SourceColumn): string | undefined {
  const family = familyOf(column);
  if (family === "uuid" || family === "integer") return family;
  if (family !== "text") return undefined;
  const room = column.length ?? Number.POSITIVE_INFINITY;
  const fits = (rule = ""): boolean => rule in DISTINCT_TEXTS && DISTINCT_TEXTS[rule]! <= room;
  const named = [guessByName(column), "token"].find(fits);
  return named ?? (room >= LEAST_TOKEN ? `{ token: { length: ${room} } }` : undefined);
}

/** What to do about a rule for a column by which rows are put into partitions. */
export function fixOfPartitionKey(table: SourceTable, column: SourceColumn): string {
  const skip = `${tableKey(table)}: skip`;
  return looksPersonal(column) ? skip : `${yamlKey(column.name)}: keep, if nothing in it is personal; or ${skip}`;
}

/** What to do about a moment where nothing says whose it is. */
const NO_PERSON =
  "Write `year`, or move the column to `keep: [...]` if nothing in it is personal. `{ shift: { by: COLUMN } }` moves a date by some days, the same for all rows with one value of COLUMN. It should say whose row this is, and no foreign key of the table leads to people";

/**
 * What to write for a column with `?`: its line, where its name, its type or the comment of `sync init` suggests one.
 * @param written the line of the rule
 */
export function decideFor(
  table: SourceTable,
  column: SourceColumn,
  references: readonly Reference[],
  written: string | undefined,
): string {
  if (table.partitionKey.includes(column.number)) return fixOfPartitionKey(table, column);
  const key = keyFor(table, column, references);
  if (key !== undefined)
    return `It follows ${key} by itself: remove this line if that is transformed, or move the column to \`keep: [...]\` if that is kept`;
  const person = personOf(references, table);
  const likely = likelyRule(column, { person, line: written });
  const isBound = likely !== undefined && mayBreakUnique(table, column);
  const line = isBound ? distinctRule(column) : likely;
  if (isBound && line === undefined) return distinctFor(table, column);
  if (line === undefined) return isMoment(column) && person === undefined ? NO_PERSON : DECIDE;
  const keep = looksPersonal(column) ? "" : "; or move the column to `keep: [...]` if nothing in it is personal";
  return `${yamlKey(column.name)}: ${line}${keep}`;
}

/** What every value of a column refers to, for people. */
function keyFor(table: SourceTable, column: SourceColumn, references: readonly Reference[]): string | undefined {
  const found = references.find(
    (one) => one.from === table && one.where === undefined && one.fromColumns.includes(column),
  );
  return found === undefined
    ? undefined
    : columnReference(found.to, found.toColumns[found.fromColumns.indexOf(column)]!);
}

/** Whether rows may be told apart by a column alone, so that no two may come to have the same value in it. */
export function mayBreakUnique({ unique }: SourceTable, { number }: SourceColumn): boolean {
  return unique.some(
    ({ columns }) =>
      columns.includes(number) &&
      !unique.some(
        (other) =>
          other.isPlain &&
          other.columns.length > 0 &&
          other.columns.every((one) => one !== number && columns.includes(one)),
      ),
  );
}

function likelyRule(
  column: SourceColumn,
  { person, line = "" }: { readonly person: string | undefined; readonly line: string | undefined },
): string | undefined {
  const family = familyOf(column);
  const named = guessByName(column);
  if (named !== undefined) return (DISTINCT_TEXTS[named] ?? 0) > (column.length ?? Infinity) ? "mask" : named;
  if (family === "network") return "network";
  if (family === "text" && /#.*hold an e-mail address/.test(line)) return "{ scrub: [email, phone] }";
  if (family === "text" && /#.*look like IP addresses/.test(line)) return "mask";
  return isMoment(column) && person !== undefined && person !== column.name
    ? `{ shift: { by: ${yamlKey(person)} } }`
    : undefined;
}

function isMoment(column: SourceColumn): boolean {
  return ["date", "timestamp"].includes(familyOf(column));
}

/** The same for a value in a document, of which only the key says something. */
export function decideInside(path: string): string {
  const [key = ""] = /[^.[\]"]+(?=[[\]"]*$)/.exec(path) ?? [];
  const rule = guessText(key);
  if (rule !== undefined) return `${yamlPath(path)}: ${rule}`;
  return "Write a transform here, or move the path to `keep: [...]` beside `json` if nothing in it is personal; without a rule it is left out";
}
