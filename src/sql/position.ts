import type { Location } from "#errors/error.ts";

/** Longer source lines are cut. In code points. */
export const SOURCE_LINE_LIMIT = 1000;
/** Further right, a line that is cut behind so many would show too little of what follows. */
const FROM_START = SOURCE_LINE_LIMIT - 60;

export interface Position {
  /** Both 1-based; `column` counts code points, and a byte order mark is none. */
  readonly line: number;
  readonly column: number;
  /** The line without its line end, for a caret under `column`; of a long one, what is around it. */
  readonly sourceLine: string;
  /** The column that `sourceLine` begins with, where that is not the first. */
  readonly sourceColumn?: number;
}

const BOM = 0xfeff;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Where the last look into a text ended: the statements of a large file are located one after the other. */
let last = { text: "", line: 1, lineStart: 0, carriageReturn: -1, lineFeed: -1 };

/** The line and column of a UTF-16 offset. Lines end at LF, CRLF or CR; an offset past the end counts as the end. */
export function locate(text: string, offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  if (text !== last.text || at < last.lineStart) {
    last = { text, line: 1, lineStart: 0, carriageReturn: text.indexOf("\r"), lineFeed: text.indexOf("\n") };
  }
  let { line, lineStart, carriageReturn, lineFeed } = last;
  for (;;) {
    const isReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
    const found = isReturn ? carriageReturn : lineFeed;
    if (found === -1) break;
    const next = isReturn && lineFeed === found + 1 ? found + 2 : found + 1;
    if (next > at) break;
    line++;
    lineStart = next;
    if (isReturn) carriageReturn = text.indexOf("\r", next);
    if (lineFeed !== -1 && lineFeed < next) lineFeed = text.indexOf("\n", next);
  }
  last = { text, line, lineStart, carriageReturn, lineFeed };
  if (lineStart === 0 && text.charCodeAt(0) === BOM) lineStart = 1;
  const column = 1 + countCodePoints(text, lineStart, Math.max(lineStart, at));
  if (column <= FROM_START) return { line, column, sourceLine: cutLine(text, lineStart) };
  const from = stepBack(text, at, SOURCE_LINE_LIMIT / 2);
  return { line, column, sourceLine: cutLine(text, from), sourceColumn: column - SOURCE_LINE_LIMIT / 2 };
}

/** `locate`, as a location for an error. */
export function locateInFile(file: string, text: string, offset: number): Location {
  return { file, ...locate(text, offset) };
}

/**
 * The UTF-16 offset of a position that PostgreSQL reports: 1-based, in code points, into the text that was
 * sent (protocol manual, "Error and Notice Message Fields"). At most `text.length`.
 */
export function codePointOffset(text: string, position: number): number {
  const length = text.length;
  let at = 0;
  for (let remaining = position - 1; remaining > 0 && at < length; remaining--) {
    at += isPair(text, at) ? 2 : 1;
  }
  return at;
}

/** Code points in [start, end). A pair cut by `end` does not count: its first half stands for nothing yet. */
export function countCodePoints(text: string, start: number, end: number): number {
  let count = end - start;
  for (let at = start; at < end; at++) {
    if (text.charCodeAt(at) >= 0xd800 && isPair(text, at)) {
      count--;
      at++;
    }
  }
  return count;
}

function isPair(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0xd800 || code > 0xdbff) return false;
  const following = text.charCodeAt(at + 1);
  return following >= 0xdc00 && following <= 0xdfff;
}

/** So many code points before an offset, which has as many before it. */
function stepBack(text: string, offset: number, count: number): number {
  let at = offset;
  for (let left = count; left > 0; left--) at -= at > 1 && isPair(text, at - 2) ? 2 : 1;
  return at;
}

function cutLine(text: string, start: number): string {
  let end = start;
  for (let count = 0; count < SOURCE_LINE_LIMIT && end < text.length; count++) {
    const code = text.charCodeAt(end);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) break;
    end += isPair(text, end) ? 2 : 1;
  }
  return text.slice(start, end);
}
