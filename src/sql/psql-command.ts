import type { Span } from "./statement.ts";

/** A backslash command of psql, outside quotes. */
export interface PsqlCommand extends Span {
  /** Without the backslash: "restrict", "connect", ";". */
  readonly name: string;
  /** pg_dump's `\restrict` and `\unrestrict`, which change nothing that is sent to the server. */
  readonly harmless: boolean;
}

/**
 * Reads the command whose backslash is at `start`. psql takes the rest of the line for its arguments;
 * only `\;` and `\:`, which stand for the bare character, end at once (psqlscan.l). `end` is without the line end.
 */
export function readPsqlCommand(text: string, start: number, limit: number): PsqlCommand {
  const first = text.charAt(start + 1);
  if ((first === ";" || first === ":") && start + 2 <= limit)
    return { name: first, start, end: start + 2, harmless: false };
  const lineFeed = text.indexOf("\n", start);
  let end = lineFeed === -1 || lineFeed > limit ? limit : lineFeed;
  if (end - 1 > start && text.charCodeAt(end - 1) === 13) end--;
  let nameEnd = start + 1;
  while (nameEnd < end && !" \t\f\v\r\\".includes(text.charAt(nameEnd))) nameEnd++;
  const name = nameEnd === start + 1 && first === "\\" ? first : text.slice(start + 1, nameEnd);
  return { name, start, end, harmless: name === "restrict" || name === "unrestrict" };
}
