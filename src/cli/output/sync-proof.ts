import { LogLevels } from "consola/core";
import type { ColumnResult } from "#sync/run/proof-result.ts";
import type { Proof } from "#sync/run/proof.ts";
import { agree, count } from "./text.ts";

/** How much is told: `quiet` leaves what is not proven, `verbose` shortens no list. */
export type Detail = "quiet" | "normal" | "verbose";

/** @param level of a command's messages */
export function detailOf(level: number): Detail {
  return level < LogLevels.info ? "quiet" : level > LogLevels.info ? "verbose" : "normal";
}

/** What was proven, a line each; quietly, what was not. */
export function renderProof(proof: Proof, detail: Detail): string[] {
  const { columns, leaks, noticed } = proof;
  const told = detail === "quiet" ? columns.filter(({ holds }) => !holds) : columns;
  return [
    ...told.map(({ column, transform, how, holds, originals, results, same, elsewhere, uncounted }) => {
      if (how === "not compared")
        return `not compared: ${column} (${transform}): ${whatIsKnown(transform, same, uncounted)}`;
      if (how === "no key")
        return `not compared: ${column} (${transform}): no unique key of the table is kept; with CONFITURE_SYNC_KEY as in the copy it can be`;
      if (how === "no value in common" && holds && originals === 0)
        return `nothing to prove: ${column} (${transform}): the source has no value there`;
      const what = {
        "no value in common": `no value in common with ${number(originals)} ${agree(originals, "original", "originals")}`,
        "no row has its own": `${number(same)} of ${number(results)} rows kept their own original${aboutOthers(elsewhere)}`,
        "only results": `no value is an original unless the rules make it as well (${count(results, "value")}; rows have no key that tells them apart)`,
      }[how];
      return `${holds ? "proven" : "NOT PROVEN"}: ${column} (${transform}): ${holds ? what : inTheCopy(same, elsewhere)}`;
    }),
    ...columns.flatMap(({ column, transform, written: n = 0 }) =>
      n === 0
        ? []
        : [`WRITTEN: ${column} (${transform}): ${count(n, "value")} that no rule makes, written since the copy`],
    ),
    ...leaks.map((leak) => `LEAK: ${rowsWith(leak)}`),
    ...noticed.map((leak) =>
      leak.isInSchema === true
        ? `FOUND: ${leak.column}: its text in the schema holds an original (${leak.kind}); a migration can take it away, if it is not meant to be there`
        : `FOUND: ${rowsWith(leak)} of a table that is left out; scrub or replace it, if it is not meant to be there`,
    ),
    ...(detail === "quiet" ? inShort(proof) : searchLines(proof, detail === "verbose" ? Infinity : NAMED)),
  ];
}

/** "public.notes.body: 1,200 rows hold an original (email)" */
function rowsWith({ column, kind, rows, more }: Proof["leaks"][number]): string {
  return `${column}: ${more === true ? "at least " : ""}${number(rows)} ${agree(rows, "row holds", "rows hold")} an original (${kind})`;
}

/** What a last line has to say about originals that no rule forbids; undefined when there are none. */
export function originalsThere({ noticed }: Proof): string | undefined {
  const objects = new Set(noticed.flatMap(({ column, isInSchema }) => (isInSchema === true ? [column] : []))).size;
  const others = noticed.filter(({ isInSchema }) => isInSchema !== true);
  const rows = others.reduce((sum, leak) => sum + leak.rows, 0);
  const least = others.some(({ more }) => more === true) ? "at least " : "";
  const said = [
    ...(rows === 0
      ? []
      : [
          `${least}${number(rows)} ${agree(rows, "row that holds", "rows that hold")} originals of tables that are left out`,
        ]),
    ...(objects === 0 ? [] : [`originals in the text of ${count(objects, "object")} of the schema`]),
  ];
  return said.length === 0 ? undefined : said.join(" and ");
}

/** What of a column that is not compared is known all the same. */
function whatIsKnown(transform: string, same: number, uncounted: true | undefined): string {
  if (transform !== "value") return "some values may stay as they are";
  if (uncounted === true) return "originals may be equal to the rule's value";
  return same === 0
    ? "no original is equal to the rule's value, but empty ones may be"
    : `${count(same, "original")} equal to the rule's value`;
}

const ASCII_ONLY = "characters outside ASCII, of which the source's encoding, SQL_ASCII, does not say what they are";

/** How much was not compared and not searched, in a line. */
function inShort({ columns, scanned: { unsearched, unread, isAsciiOnly } }: Proof): string[] {
  const open = columns.filter(({ how }) => how === "not compared" || how === "no key").length;
  const forms = columns.filter(({ otherForms = 0 }) => otherForms > 0).length;
  const parts = [
    ...(open === 0 ? [] : [`${number(open)} ${agree(open, "column or path", "columns or paths")} not compared`]),
    ...(unsearched.length === 0 ? [] : [`${count(unsearched.length, "column")} not searched`]),
    ...(isAsciiOnly === true ? [ASCII_ONLY] : []),
    ...(forms === 0 ? [] : [`originals of ${count(forms, "column")} in forms that are not looked for`]),
    ...(unread.length === 0
      ? []
      : [`${count(unread.length, "column")} of tables that are left out, whose originals were not looked for`]),
  ];
  return parts.length === 0 ? [] : [`Not covered by the proof: ${parts.join("; ")} (named without -q)`];
}

function searchLines({ columns, leaks, scanned }: Proof, most: number): string[] {
  return scanned.kinds.length === 0
    ? behindLines(scanned, most)
    : [
        `Searched ${count(scanned.columns, "column")} with text for originals (${scanned.kinds.join(", ")}): ${leaks.length === 0 ? "none found" : "found"}`,
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
  if (elsewhere === undefined) return "; that of another row may be there by chance";
  if (elsewhere === "no key")
    return "; originals of other rows were not looked for, which takes CONFITURE_SYNC_KEY as in the copy";
  if (elsewhere.found === 0) return ", and none has that of another row but where the rules make it";
  const { found } = elsewhere;
  return `; ${number(found)} ${agree(found, "has", "have")} that of another row, which may be chance`;
}

/** How many originals stand in a column, where there may be none. */
function inTheCopy(same: number, elsewhere: ColumnResult["elsewhere"]): string {
  if (typeof elsewhere !== "object" || elsewhere.found <= elsewhere.chance)
    return `${number(same)} ${agree(same, "original is", "originals are")} in the copy`;
  const { found, more } = elsewhere;
  return `${more === true ? "at least " : ""}${number(found)} ${agree(found, "value is the original", "values are originals")} of another row`;
}

/** Columns that are named in a line; with -v, and in the document in JSON, all are. */
export const NAMED = 20;

function unsearchedLines({ unsearched }: Proof["scanned"], most: number): string[] {
  const line = (what: string, why: "encoded" | "number"): string[] => {
    const columns = unsearched.filter((column) => column.why === why);
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
    ...line("Not searched, as they hold numbers", "number"),
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

/** 1,234,567 */
export function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
