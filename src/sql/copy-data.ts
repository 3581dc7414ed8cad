import type { CopyData } from "./statement.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Where the data of a COPY ... FROM STDIN lies, and where SQL goes on. */
export interface CopyBlock {
  readonly data: CopyData;
  readonly next: number;
}

/**
 * Reads the data block that begins at `start`, a line start. It ends at a line that is exactly `\.`, with
 * LF or CRLF, or at `limit` (psql's handleCopyIn; unlike psql, the last line needs no line end).
 */
export function readCopyData(text: string, start: number, limit: number): CopyBlock {
  let at = text.indexOf("\\.", start);
  while (at !== -1 && at + 2 <= limit) {
    if (at === start || text.charCodeAt(at - 1) === LINE_FEED) {
      const next = behindLineEnd(text, at + 2, limit);
      if (next !== -1) return { data: { start, end: at, terminated: true }, next };
    }
    at = text.indexOf("\\.", at + 2);
  }
  return { data: { start, end: limit, terminated: false }, next: limit };
}

/** The offset behind the line end at `at`, or -1 when something else is there. */
function behindLineEnd(text: string, at: number, limit: number): number {
  const lineFeed = at < limit && text.charCodeAt(at) === CARRIAGE_RETURN ? at + 1 : at;
  if (lineFeed >= limit) return limit;
  return text.charCodeAt(lineFeed) === LINE_FEED ? lineFeed + 1 : -1;
}
