import type { Span } from "#sql/statement.ts";
import type { ByteRange } from "./file-bytes.ts";
import type { LongSql } from "./long-sql.ts";
import type { Outline } from "./outline.ts";

const LINE_FEED = 10;
const SPACE = 32;
const SEMICOLON = 59;

/** Bytes of a large file from which on they are read while they are sent. */
const LONG = 2 << 20;

/** A part of a file that is sent as if it were blank, or the end of a statement. */
export interface Masked extends Span {
  readonly endsStatement?: boolean;
}

/** What is looked at of a script. */
interface Sendable {
  readonly text: string;
  readonly outline?: Outline;
  readonly psqlCommands: readonly Span[];
  readonly omitted?: readonly Span[];
  readonly masked?: readonly Masked[];
}

/** The part of a script from `start` to `end`, with what is not sent blanked out, so that offsets hold. */
export function sqlToSend(script: Sendable, start: number, end: number): string | LongSql {
  const isInside = (span: Span): boolean => span.start >= start && span.end <= end;
  const hidden = [...script.psqlCommands, ...(script.omitted ?? [])].filter(isInside);
  // The text has been masked; the file it stands for has not.
  if (script.outline !== undefined)
    return readToSend(script.outline, start, end, [...hidden, ...(script.masked ?? []).filter(isInside)]);
  let text = script.text.slice(start, end);
  for (const span of hidden) {
    // Lines stay lines: a comment before it must not swallow what follows.
    const spaces = script.text.slice(span.start, span.end).replaceAll(/[^\n]/g, " ");
    text = text.slice(0, span.start - start) + spaces + text.slice(span.end - start);
  }
  return text;
}

function readToSend(outline: Outline, start: number, end: number, hidden: readonly Masked[]): string | LongSql {
  const range = outline.range(start, end);
  const blanks = hidden.map((span) => ({ ...span, ...outline.range(span.start, span.end) }));
  const length = range.to - range.from;
  if (length < LONG) {
    const bytes = outline.source.read(range);
    blank(bytes, range.from, blanks);
    // It was found to be UTF-8 when the outline was read, and is still the same file.
    return bytes.toString("utf8");
  }
  return {
    length,
    *pieces() {
      let at = range.from;
      for (const piece of outline.source.passing(range)) {
        blank(piece, at, blanks);
        yield piece;
        at += piece.length;
      }
    },
  };
}

/** @param from where in the file the bytes begin */
function blank(bytes: Uint8Array, from: number, ranges: readonly (ByteRange & Masked)[]): void {
  for (const range of ranges) {
    const begin = range.from - from;
    const end = Math.min(range.to - from, bytes.length);
    for (let at = Math.max(0, begin); at < end; at++) if (bytes[at] !== LINE_FEED) bytes[at] = SPACE;
    if (range.endsStatement === true && begin >= 0 && begin < end) bytes[begin] = SEMICOLON;
  }
}

/** The bytes before the character that a server's position counts to, from 1. */
export function bytesBefore(sql: LongSql, position: number): number {
  let bytes = 0;
  let left = position;
  for (const piece of sql.pieces()) {
    for (const byte of piece) {
      // The bytes behind the first of a character begin none.
      if ((byte & 0xc0) !== 0x80 && --left === 0) return bytes;
      bytes++;
    }
  }
  return bytes;
}
