import { beginsWord, continuesWord } from "./characters.ts";

/** A table or other object by name, as the catalogue stores it. */
export interface QualifiedName {
  readonly schema?: string;
  readonly name: string;
}

/** `name` as a quoted identifier. Always quotes, so that a keyword or a capital is safe. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
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
