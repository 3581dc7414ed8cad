import type { Span } from "./statement.ts";

/** A backslash command of psql, outside quotes. */
export interface PsqlCommand extends Span {
  /** Without the backslash: "restrict", "connect", ";". */
  readonly name: string;
  /**
   * What changes nothing that is sent to the server: pg_dump's `\restrict` and `\unrestrict`, and `\set ON_ERROR_STOP on`, which
   * asks for what happens anyway.
   */
  readonly harmless: boolean;
  /** Undefined where psql would put something in their place (`:name`, backquotes) or read another command. */
  readonly arguments: readonly string[] | undefined;
}

/**
 * Reads the command whose backslash is at `start`. psql takes the rest of the line for its arguments;
 * only `\;` and `\:`, which stand for the bare character, end at once (psqlscan.l). `end` is without the line end.
 */
export function readPsqlCommand(text: string, start: number, limit: number): PsqlCommand {
  const first = text.charAt(start + 1);
  if ((first === ";" || first === ":") && start + 2 <= limit)
    return { name: first, start, end: start + 2, harmless: false, arguments: [] };
  const lineFeed = text.indexOf("\n", start);
  let end = lineFeed === -1 || lineFeed > limit ? limit : lineFeed;
  if (end - 1 > start && text.charCodeAt(end - 1) === 13) end--;
  let nameEnd = start + 1;
  while (nameEnd < end && !" \t\f\v\r\\".includes(text.charAt(nameEnd))) nameEnd++;
  const name = nameEnd === start + 1 && first === "\\" ? first : text.slice(start + 1, nameEnd);
  const words = readArguments(text.slice(start + 1 + name.length, end));
  return { name, start, end, harmless: isHarmless(name, words), arguments: words };
}

function isHarmless(name: string, words: readonly string[] | undefined): boolean {
  if (name === "restrict" || name === "unrestrict") return true;
  const [variable, value = "on", ...more] = words ?? [];
  return name === "set" && variable === "ON_ERROR_STOP" && more.length === 0 && /^(on|true|yes|t|y|1)$/i.test(value);
}

/** Plain words and words in single quotes (psqlscanslash.l); a semicolon at the end is none of them. */
function readArguments(text: string): string[] | undefined {
  const words: string[] = [];
  const word = /\s*(?:'((?:[^'\\]|'')*)'(?=\s|;|$)|([^\s:"'`\\]+))/y;
  let at = 0;
  while (text.slice(at).trim() !== "") {
    word.lastIndex = at;
    const match = word.exec(text);
    if (match === null) return undefined;
    at = word.lastIndex;
    const [, quoted, plain = ""] = match;
    const last = text.slice(at).trim() === "";
    const value = quoted?.replaceAll("''", "'") ?? (last ? plain.replace(/;+$/, "") : plain);
    if (value !== "" || quoted !== undefined) words.push(value);
  }
  return words;
}
