import { LogLevels } from "consola/core";
import type { ColumnResult } from "#sync/run/proof-result.ts";
import type { Proof } from "#sync/run/proof.ts";
import { noticedLine, rowsWith } from "./sync-originals.ts";
import { agree, count, formatCount } from "./text.ts";

/** How much is told: `quiet` leaves what is not proven, `verbose` shortens no list. */
export type Detail = "quiet" | "normal" | "verbose";

/** @param level of a command's messages */
export function detailOf(level: number): Detail {
  return level < LogLevels.info ? "quiet" : level > LogLevels.info ? "verbose" : "normal";
}

/** What was proven: a line for each table, or for each column and path where all is told; quietly, what was not. */
export function renderProof(proof: Proof, detail: Detail): string[] {
  const { columns, leaks, noticed } = proof;
  return [
    ...columnLines(
      columns.filter(({ holds }) => !holds || detail !== "quiet"),
      detail,
    ),
    ...columns.flatMap(({ column, transform, written: n = 0 }) =>
      n === 0
        ? []
        : [`WRITTEN: ${column} (${transform}): ${count(n, "value")} that no rule makes, written since the copy`],
    ),
    ...leaks.map((leak) => `LEAK: ${rowsWith(leak)}`),
    ...noticed.map(noticedLine),
    ...(detail === "quiet" ? inShort(proof) : searchLines(proof, detail === "verbose" ? Infinity : NAMED)),
  ];
}

/** What is said of a column or path. */
interface Said {
  readonly word: string;
  /** All of it. */
  readonly what: string;
  /** Of one of which nothing more has to be said than of others of its table: that; "" where the word says it. */
  readonly brief?: string;
}

const NOTHING = "nothing to prove";

function columnLines(columns: readonly ColumnResult[], detail: Detail): string[] {
  const lines: string[] = [];
  // Of a partition without a value nothing has to be said where others have some.
  const compared = new Set(
    columns.flatMap((result) => (saidOf(result).word === NOTHING ? [] : [JSON.stringify([result.table, result.part])])),
  );
  const together = new Map<string, { at: number; word: string; table: string; parts: Set<string>; brief: string }>();
  for (const result of columns) {
    const { column, table, part, transform } = result;
    const { word, what, brief } = saidOf(result);
    if (detail === "normal" && word === NOTHING && compared.has(JSON.stringify([table, part]))) continue;
    if (detail !== "normal" || brief === undefined) {
      lines.push(`${word}: ${column} (${transform}): ${what}`);
      continue;
    }
    const key = [table, word, brief].join("\0");
    const known = together.get(key);
    const shown = word === "proven" ? part : `${part} (${transform})`;
    if (known === undefined) together.set(key, { at: lines.push("") - 1, word, table, parts: new Set([shown]), brief });
    else known.parts.add(shown);
  }
  for (const { at, word, table, parts, brief } of together.values())
    lines[at] = `${word}: ${table}: ${[...parts].join(", ")}${brief === "" ? "" : `: ${brief}`}`;
  return lines;
}

function saidOf(result: ColumnResult): Said {
  const { transform, how, holds, originals, results, same, elsewhere, uncounted } = result;
  if (how === "not compared") {
    const what = whatIsKnown(transform, same, uncounted);
    return { word: "not compared", what, ...(same === 0 ? { brief: what } : {}) };
  }
  if (how === "no key") {
    const what = "no unique key of the table is kept; with CONFITURE_SYNC_KEY as in the copy it can be";
    return { word: "not compared", what, brief: what };
  }
  if (!holds) return { word: "NOT PROVEN", what: inTheCopy(same, elsewhere) };
  // Nothing was compared: a path that matches no row has proven nothing.
  const nothing = "the source has no value there";
  if (originals === 0) return { word: NOTHING, what: nothing, brief: nothing };
  switch (how) {
    case "no value in common":
      return {
        word: "proven",
        what: `no value in common with ${formatCount(originals)} ${agree(originals, "original", "originals")}`,
        brief: "",
      };
    case "no row has its own":
      return {
        word: "proven",
        what: `${ownKept(same, results)}${aboutOthers(elsewhere)}`,
        ...(same === 0 && !(typeof elsewhere === "object" && elsewhere.found > 0) ? { brief: "" } : {}),
      };
    case "only results":
      return {
        word: "proven",
        what: `no value is an original, unless a rule makes it for another row (${count(results, "value")}; rows have no key that tells them apart)`,
        brief: "",
      };
  }
}

/** "none of 1,200 rows has its own original" */
function ownKept(same: number, rows: number): string {
  const of = `of ${formatCount(rows)} ${agree(rows, "row", "rows")}`;
  return same === 0
    ? `none ${of} has its own original`
    : `${formatCount(same)} ${of} ${agree(same, "has its", "have their")} own original`;
}

/** What a last line has to say: what was not compared or searched, and originals that no rule forbids. */
export function exceptionsOf({ columns, noticed, scanned: { unsearched } }: Proof): string[] {
  const uncompared = countUncompared(columns);
  const binary = unsearched.filter(({ why }) => why === "binary").length;
  const others = unsearched.length - binary;
  const objects = new Set(noticed.flatMap(({ column, isInSchema }) => (isInSchema === true ? [column] : []))).size;
  const rowsOf = (leaks: Proof["noticed"], what: string): string[] => {
    const rows = leaks.reduce((sum, leak) => sum + leak.rows, 0);
    const least = leaks.some(({ more }) => more === true) ? "at least " : "";
    return rows === 0
      ? []
      : [`${least}${formatCount(rows)} ${agree(rows, "row that holds", "rows that hold")} ${what}`];
  };
  return [
    ...(uncompared === 0 ? [] : [uncomparedWords(uncompared)]),
    ...(others === 0 ? [] : [`${count(others, "kept column")} that ${agree(others, "was", "were")} not searched`]),
    ...(binary === 0 ? [] : [`${count(binary, "kept column")} of binary data (searched as plain text alone)`]),
    ...rowsOf(
      noticed.filter(({ isInSchema, mayBeChance }) => isInSchema !== true && mayBeChance !== true),
      "originals of tables that are left out",
    ),
    ...rowsOf(
      noticed.filter(({ mayBeChance }) => mayBeChance === true),
      "the digits of an original, perhaps by chance",
    ),
    ...(objects === 0 ? [] : [`originals in the text of ${count(objects, "object")} of the schema`]),
  ];
}

/** "Proven, but for a, b and c" */
export function provenBut(exceptions: readonly string[]): string {
  const last = exceptions.at(-1);
  if (last === undefined) return "Proven";
  const others = exceptions.slice(0, -1).join(", ");
  return `Proven, but for ${others === "" ? "" : `${others} and `}${last}`;
}

/** What of a column that is not compared is known all the same. */
function whatIsKnown(transform: string, same: number, uncounted: true | undefined): string {
  if (transform !== "value") return "some values may stay as they are";
  if (uncounted === true) return "originals may be equal to the rule's value";
  return same === 0
    ? "no original is equal to the rule's value (empty originals are not counted)"
    : `${count(same, "original")} equal to the rule's value`;
}

const ASCII_ONLY = "characters outside ASCII, of which the source's encoding, SQL_ASCII, does not say what they are";

/** How many columns and paths: those of a partition count as those of its table. */
export function countParts(columns: readonly ColumnResult[]): number {
  return new Set(columns.map(({ table, part }) => [table, part].join("\0"))).size;
}

function countUncompared(columns: readonly ColumnResult[]): number {
  return countParts(columns.filter(({ how }) => how === "not compared" || how === "no key"));
}

/** "2 columns or paths not compared" */
function uncomparedWords(parts: number): string {
  return `${formatCount(parts)} ${agree(parts, "column or path", "columns or paths")} not compared`;
}

/** The columns that were not searched, and how much else was not looked at. */
function inShort({ columns, scanned }: Proof): string[] {
  const { unread, isAsciiOnly } = scanned;
  const uncompared = countUncompared(columns);
  const forms = countParts(columns.filter(({ otherForms = 0 }) => otherForms > 0));
  const parts = [
    ...(uncompared === 0 ? [] : [uncomparedWords(uncompared)]),
    ...(isAsciiOnly === true ? [ASCII_ONLY] : []),
    ...(forms === 0 ? [] : [`originals of ${count(forms, "column")} in forms that are not looked for`]),
    ...(unread.length === 0
      ? []
      : [`${count(unread.length, "column")} of tables that are left out, whose originals were not looked for`]),
  ];
  return [
    ...unsearchedLines(scanned, NAMED),
    ...(parts.length === 0 ? [] : [`Not covered by the proof: ${parts.join("; ")} (named without -q)`]),
  ];
}

function searchLines({ columns, leaks, scanned }: Proof, most: number): string[] {
  return scanned.kinds.length === 0
    ? behindLines(scanned, most)
    : [
        `Searched ${count(scanned.columns, "column")}${scanned.searchesMade === true ? ", and those whose values the rules make," : ""} for originals (${scanned.kinds.join(", ")}): ${leaks.length === 0 ? "none found" : "found"}`,
        ...columns.flatMap(({ column, otherForms: n = 0 }) =>
          n === 0
            ? []
            : [
                `Not searched: ${count(n, "original")} of ${column}, of a form that is not looked for (a quoted name, a host without a dot, fewer than 7 digits or more than 17)`,
              ],
        ),
        ...(scanned.isAsciiOnly === true ? [`Not searched: ${ASCII_ONLY}`] : []),
        ...unsearchedLines(scanned, most),
        ...behindLines(scanned, most),
      ];
}

/** What is known of originals in other rows than their own. */
function aboutOthers(elsewhere: ColumnResult["elsewhere"]): string {
  if (elsewhere === undefined) return "; some may have another row's by chance";
  if (elsewhere === "no key")
    return "; originals of other rows were not looked for, which takes CONFITURE_SYNC_KEY as in the copy";
  if (elsewhere.found === 0) return ", nor that of another row, unless the rules make it there";
  const { found } = elsewhere;
  return `; ${formatCount(found)} ${agree(found, "has", "have")} another row's, which may be chance`;
}

/** How many originals stand in a column, where there may be none. */
function inTheCopy(same: number, elsewhere: ColumnResult["elsewhere"]): string {
  if (typeof elsewhere !== "object" || elsewhere.found <= elsewhere.chance)
    return `${formatCount(same)} ${agree(same, "original is", "originals are")} in the copy`;
  const { found, more } = elsewhere;
  return `${more === true ? "at least " : ""}${formatCount(found)} ${agree(found, "value is the original", "values are originals")} of another row`;
}

/** Columns that are named in a line; with -v, and in the document in JSON, all are. */
export const NAMED = 20;

function unsearchedLines({ unsearched }: Proof["scanned"], most: number): string[] {
  const line = (what: string, reason: (typeof unsearched)[number]["why"]): string[] => {
    const columns = unsearched.filter(({ why }) => why === reason);
    return list(
      `${what}:`,
      some(
        columns.map(({ column, type }) => `${column} (${type})`),
        most,
      ),
    );
  };
  return [
    ...line("Not searched, as text may be encoded there", "encoded"),
    ...line("Not searched, as the table is larger than 100 MB", "size"),
    ...line("Searched as plain text alone, as there are values that are none", "binary"),
  ];
}

/** Columns of tables that are left out, whose originals might stand in others. */
function behindLines({ behind, unread }: Proof["scanned"], most: number): string[] {
  const line = (what: string, columns: readonly string[]): string[] => list(`${what}:`, some(columns, most));
  const unreadFor = (reason: (typeof unread)[number]["why"]): string[] =>
    unread.flatMap(({ column, why }) => (why === reason ? [column] : []));
  return [
    ...line("Searched also for originals of tables that are left out", behind),
    ...line("Not searched for originals of tables that are left out and larger than 1 GB", unreadFor("size")),
    ...line(
      "Not searched for originals of tables that are left out, and that the role may not read",
      unreadFor("right"),
    ),
    ...line(
      "Not searched for originals of tables that are left out, as neither names nor first rows say that these columns hold such values",
      unreadFor("unlike"),
    ),
  ];
}

/** The first ones, and how many there are besides. */
function some(names: readonly string[], most: number): string[] {
  return names.length <= most
    ? [...names]
    : [...names.slice(0, most), `and ${names.length - most} more (-v names them)`];
}

export function list(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what} ${names.join(", ")}`];
}
