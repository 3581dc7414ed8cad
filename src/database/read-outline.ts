import type { Location } from "#errors/error.ts";
import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { readPsqlCommand } from "#sql/psql-command.ts";
import { type SplitResult, splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import type { FileBytes } from "./file-bytes.ts";
import { type Outline, OutlineWriter } from "./outline.ts";
import { skimInsert } from "./skim-insert.ts";

const LINE_FEED = 10;

/** How much is read at a time, unless one statement is longer. */
const WINDOW = 1 << 20;

/**
 * Bytes behind which memory that is not needed any more is given back: what was read leaves several times its size behind, and
 * with the embedded engine in the process the collector itself waits for as much again.
 */
const GIVEN_BACK_AFTER = 8 << 20;

export interface ReadOutlineOptions {
  /** As `decodeSql`, for a part of the file that begins at byte `at`. */
  readonly decode: (bytes: Uint8Array, at: number) => string;
  /** Throws for what cannot be run whatever comes behind it. */
  readonly refuse: (split: Pick<SplitResult, "conflictMarker">, locate: (offset: number) => Location) => void;
  /** Whether neighbouring INSERT statements become one of the outline. */
  readonly together: boolean;
  /** Bytes to read at a time. */
  readonly window?: number;
}

/**
 * Reads the outline of a file, of which no more than a megabyte, or the longest statement that is no INSERT, is in memory at a
 * time. COPY data and a longer INSERT are only looked through for their end.
 * @returns undefined for a file that has to be read whole: COPY statements that share a line, data that is no text
 * @throws ConfitureError what `decode` and `refuse` throw
 */
export function readOutline(source: FileBytes, options: ReadOutlineOptions): Outline | undefined {
  const { decode, refuse, together, window = WINDOW } = options;
  const writer = new OutlineWriter(source, together);
  let length = window;
  let held = 0;
  for (let at = 0; at < source.size;) {
    const { text, size, isWholeLine } = readText(source, at, length, decode);
    const isLast = at + size === source.size;
    // The lexer would take it for a byte order mark.
    if (at > 0 && text.charCodeAt(0) === 0xfeff) return undefined;
    const byteAt = byteOffsets(text, size, at);
    const split = splitStatements(text, 0, text.length, { comments: true });
    if (split.conflictMarker !== undefined) refuse(split, (offset) => source.locate(byteAt(offset)));
    // An error, which is told of the whole file.
    if (isLast && split.unterminated !== undefined) return undefined;
    // The rest of it may be in what comes next.
    const maybeConflict = !isLast && /^<{7} /m.test(text) && length < 64 * window;
    const whole = maybeConflict ? [] : completeStatements(split, isLast);
    const rest = split.statements[whole.length];
    const end = isLast ? text.length : endOf(text, whole, rest);
    if (end === undefined) return undefined;
    const copy = end === 0 && isWholeLine && rest?.terminated === true ? rest.copyData : undefined;
    const insert = end === 0 && isInsert(text, rest) ? skimInsert(source, byteAt(rest.start)) : undefined;
    if (insert !== undefined) {
      writer.add(text.slice(0, rest!.start), [], [], byteAt);
      writer.insert(insert.end);
      // White space and a semicolon.
      const ending = decode(source.read({ from: insert.end, to: insert.next }), insert.end);
      writer.add(ending, [], [], (offset) => insert.end + offset);
      at = insert.next;
      length = window;
      continue;
    }
    if (end === 0 && copy === undefined) {
      const left = source.size - at;
      length = 8 * length > left ? left : 4 * length;
      if (length > GIVEN_BACK_AFTER) Bun.gc(true);
      continue;
    }
    length = window;
    held += size;
    if (held > GIVEN_BACK_AFTER) {
      held = 0;
      Bun.gc(true);
    }
    const others = [...split.comments, ...split.psqlCommands].map(({ start }) => start).toSorted((a, b) => a - b);
    if (copy === undefined) {
      writer.add(text.slice(0, end), whole, others, byteAt);
      at = byteAt(end);
      continue;
    }
    // The data of a COPY goes on behind what was read.
    const behind = new Lexer(text, behindSemicolon(text, rest!.end), copy.start);
    if (behind.next() || behind.gap !== undefined) return undefined;
    const data = byteAt(copy.start);
    const mark = source.endOfCopyData(data);
    if (mark === "invalid") return undefined;
    writer.add(text.slice(0, copy.start), [], others, byteAt);
    at = mark?.at ?? source.size;
    writer.skip(at);
    if (mark === undefined) break;
    writer.add(decode(source.read({ from: at, to: mark.next }), at), [], [], (offset) => mark.at + offset);
    at = mark.next;
  }
  return writer.finish();
}

/** The bytes themselves go before anything is made of their text: they may be all of a large file. */
function readText(
  source: FileBytes,
  at: number,
  length: number,
  decode: ReadOutlineOptions["decode"],
): { readonly text: string; readonly size: number; readonly isWholeLine: boolean } {
  const bytes = source.stretch(at, length);
  const size = bytes.length;
  return { text: decode(bytes, at), size, isWholeLine: at + size === source.size || bytes.at(-1) === LINE_FEED };
}

/** Whether it is an INSERT that goes on behind the text. */
function isInsert(text: string, rest: Statement | undefined): rest is Statement {
  if (rest === undefined || rest.terminated || rest.firstWord !== "INSERT") return false;
  // The word may go on, too.
  return rest.start + "INSERT".length < text.length;
}

/** Those that what follows in the file cannot change. */
function completeStatements({ statements }: SplitResult, isLast: boolean): readonly Statement[] {
  if (isLast) return statements;
  const open = statements.findIndex(
    ({ terminated, copyData }) => !terminated || (copyData !== undefined && !copyData.terminated),
  );
  return open === -1 ? statements : statements.slice(0, open);
}

/** The end of what belongs to these statements; 0 for none, undefined where it lies inside another one's. */
function endOf(text: string, whole: readonly Statement[], rest: Statement | undefined): number | undefined {
  const last = whole.at(-1);
  if (last === undefined) return 0;
  // What shares the line with a COPY stands before its data.
  const copy = whole.findLast(({ copyData }) => copyData !== undefined);
  const lineFeed = copy?.copyData === undefined ? -1 : text.indexOf("\n", copy.copyData.end);
  const dataEnd = copy === undefined ? 0 : lineFeed === -1 ? text.length : lineFeed + 1;
  const end = Math.max(dataEnd, last.copyData === undefined ? behindSemicolon(text, last.end) : 0);
  return rest !== undefined && rest.start < end ? undefined : end;
}

/** A statement's last token and its semicolon may have psql commands between them. */
function behindSemicolon(text: string, statementEnd: number): number {
  const lexer = new Lexer(text, statementEnd);
  while (lexer.next() && lexer.kind !== TokenKind.semicolon) {
    lexer.end = readPsqlCommand(text, lexer.start, text.length).end;
  }
  return lexer.end;
}

/** Byte offsets in the file of UTF-16 offsets in a window that begins at byte `at`; asked for in nearly rising order. */
function byteOffsets(text: string, byteLength: number, at: number): (offset: number) => number {
  if (text.length === byteLength) return (offset) => at + offset;
  let known = { offset: 0, byte: at };
  return (offset) => {
    if (offset < known.offset) known = { offset: 0, byte: at };
    known = { offset, byte: known.byte + Buffer.byteLength(text.slice(known.offset, offset)) };
    return known.byte;
  };
}
