import { beginsWord, continuesWord } from "./lexer/characters.ts";

/** A table or other object by name, as the catalogue stores it. */
export interface QualifiedName {
  readonly schema?: string;
  readonly name: string;
}

/** `name` as a quoted identifier. Always quotes, so that a keyword or a capital is safe. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Key words that are no name of a table or column without quotes (pg_get_keywords of 14 to 18: R and T). */
export const RESERVED: ReadonlySet<string> = new Set(
  (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column " +
    "concurrently constraint create cross current_catalog current_date current_role current_schema current_time " +
    "current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from " +
    "full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit " +
    "localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references " +
    "returning right select session_user similar some symmetric system_user table tablesample then to trailing true union " +
    "unique user using variadic verbose when where window with"
  ).split(" "),
);

/** `name` as a person would write it: in quotes only where it needs them. */
export function writeIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name : quoteIdentifier(name);
}

/** The same for what is in a schema; `public` goes without saying. */
export function writeQualified(schema: string | undefined, name: string): string {
  const given = schema === undefined || schema === "public" ? "" : `${writeIdentifier(schema)}.`;
  return given + writeIdentifier(name);
}

/**
 * `public.users.email`, for reports: as names are, but for those with a dot or a quotation mark in them, which are in quotation marks
 * so that it is told where one ends.
 */
export function reportedName(...names: readonly string[]): string {
  return names.map((name) => (/[."]/.test(name) ? quoteIdentifier(name) : name)).join(".");
}

/** `"schema"."name"`, or `"name"` without a schema. */
export function quoteQualified(schema: string | undefined, name: string): string {
  return schema === undefined ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * `text` as a string literal that reads the same whatever standard_conforming_strings is: with a
 * backslash in it, the E'' form. A space goes before the E, in case a word comes before it.
 */
export function quoteLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

/**
 * Reads `table`, `schema.table` or `"Odd Name".table` as PostgreSQL does: what is not quoted is folded to
 * lower case (manual, "Identifiers and Key Words"), spaces around the parts are allowed. Names are not cut to 63 bytes.
 * @returns undefined when the text is no such name: an empty part, a third part, a stray character
 */
export function parseQualifiedName(text: string): QualifiedName | undefined {
  const first = readName(text, 0);
  if (first === undefined) return undefined;
  if (first.next === text.length) return { name: first.name };
  if (text.charAt(first.next) !== ".") return undefined;
  const second = readName(text, first.next + 1);
  if (second === undefined || second.next !== text.length) return undefined;
  return { schema: first.name, name: second.name };
}

interface NameRead {
  readonly name: string;
  /** Behind the name and the spaces that follow it. */
  readonly next: number;
}

function readName(text: string, from: number): NameRead | undefined {
  const start = skipSpaces(text, from);
  if (text.charAt(start) === '"') return readQuotedName(text, start + 1);
  if (!beginsWord(text.charCodeAt(start))) return undefined;
  let end = start + 1;
  while (continuesWord(text.charCodeAt(end))) end++;
  return { name: foldCase(text.slice(start, end)), next: skipSpaces(text, end) };
}

function readQuotedName(text: string, from: number): NameRead | undefined {
  let name = "";
  for (let at = from; ;) {
    const close = text.indexOf('"', at);
    if (close === -1) return undefined;
    name += text.slice(at, close);
    if (text.charAt(close + 1) !== '"') {
      return name === "" ? undefined : { name, next: skipSpaces(text, close + 1) };
    }
    name += '"';
    at = close + 2;
  }
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\n\r\f\v".includes(text.charAt(at))) at++;
  return at;
}

/** Only A to Z fold: PostgreSQL leaves other letters alone in UTF-8 databases (downcase_identifier). */
function foldCase(name: string): string {
  let folded = "";
  for (const character of name) folded += character >= "A" && character <= "Z" ? character.toLowerCase() : character;
  return folded;
}
