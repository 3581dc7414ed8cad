import type { Location } from "#errors/error.ts";
import { lossOf } from "#sql/effects/loss.ts";
import type { Statement } from "#sql/statement.ts";
import type { ByteRange, FileBytes } from "./file-bytes.ts";

/** What stands for INSERT statements in an outline. */
const INSERTS = "INSERT INTO _ DEFAULT VALUES";

/** Most bytes of INSERT statements that one of an outline stands for: as much as goes into a message. */
const MOST = 1 << 20;

/** A part of an outline's text, and the bytes of the file that it stands for. Those of two neighbours are neighbours. */
interface Piece extends ByteRange {
  /** UTF-16 offset of its first character. */
  readonly at: number;
  /** Whether it stands for what is left out; otherwise it is as in the file. */
  readonly elided: boolean;
}

/**
 * A large SQL file without what makes it large: COPY blocks have no data, and INSERT statements that only add rows are
 * one that stands for them. All else is as it is written, so that whatever reads SQL can read an outline; what an offset
 * of its text stands for is read from the file when it is to be sent.
 */
export class Outline {
  readonly source: FileBytes;
  readonly text: string;
  readonly #pieces: readonly Piece[];

  constructor(source: FileBytes, text: string, pieces: readonly Piece[]) {
    this.source = source;
    this.text = text;
    this.#pieces = pieces;
  }

  /** The byte that an offset stands for; at the place of data that is left out, the one behind it. */
  byteAt(offset: number): number {
    const index = this.#indexAt(offset);
    const piece = this.#pieces[index];
    if (piece === undefined) return 0;
    if (!piece.elided) return piece.from + Buffer.byteLength(this.text.slice(piece.at, offset));
    return offset === piece.at && this.#pieces[index + 1]?.at !== offset ? piece.from : piece.to;
  }

  /** The bytes of statements that follow each other: from the start of the first to the end of the last. */
  range(start: number, end: number): ByteRange {
    return { from: this.byteAt(start), to: this.byteAt(end) };
  }

  /** The data of a COPY, which begins at `start` in the outline's text. */
  data(start: number): ByteRange {
    // Its piece has no text, so that the one behind it begins there, too.
    const index = this.#indexAt(start);
    const piece = this.#pieces[index];
    const { from, to } = (piece?.elided === true ? piece : this.#pieces[index - 1]) ?? { from: 0, to: 0 };
    return { from, to };
  }

  locate(offset: number): Location {
    return this.source.locate(this.byteAt(offset));
  }

  /** The last piece that begins at or before an offset. */
  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pieces[middle]!.at <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Whether an INSERT also changes or removes what was there, which its reader has to see. */
function losesRows(statement: Statement): boolean {
  return /\b(?:conflict|delete|update|merge)\b/i.test(statement.text) && lossOf(statement) !== undefined;
}

/** Puts an outline together, in the order of the file. */
export class OutlineWriter {
  readonly #source: FileBytes;
  readonly #together: boolean;
  readonly #parts: string[] = [];
  readonly #pieces: Piece[] = [];
  #length = 0;
  /** Bytes of the file that are written or left out. */
  #done = 0;

  /** @param together whether neighbouring INSERT statements become one, for a caller that sends them together anyway */
  constructor(source: FileBytes, together: boolean) {
    this.#source = source;
    this.#together = together;
  }

  /**
   * Adds a part of the file that begins where the one before ended.
   * @param statements those in the text, in order
   * @param others offsets at which comments and psql commands begin, in order
   */
  add(
    text: string,
    statements: readonly Statement[],
    others: readonly number[],
    byteAt: (offset: number) => number,
  ): void {
    let written = 0;
    let other = 0;
    for (const statement of statements) {
      const { start, end, terminated, copyData, firstWord } = statement;
      if (copyData !== undefined) {
        this.#verbatim(text.slice(written, copyData.start), byteAt(copyData.start));
        this.#elide("", byteAt(copyData.end));
        written = copyData.end;
        continue;
      }
      while (other < others.length && others[other]! < start) other++;
      const isWhole = terminated && start >= written && (others[other] ?? end) >= end;
      if (firstWord !== "INSERT" || !isWhole || losesRows(statement)) continue;
      const between = text.slice(written, start);
      if (written === 0 || !this.#extend(between, byteAt(end))) {
        this.#verbatim(between, byteAt(start));
        this.#elide(INSERTS, byteAt(end));
      }
      written = end;
    }
    this.#verbatim(text.slice(written), byteAt(text.length));
  }

  /** Leaves out an INSERT that begins where what was added ends, and is too long to be read. */
  insert(to: number): void {
    this.#elide(INSERTS, to);
  }

  /** Leaves out the data of a COPY that goes on behind what was added. */
  skip(to: number): void {
    this.#elide("", to);
  }

  finish(): Outline {
    const [only = "", ...more] = this.#parts;
    // One part is not copied: it may be as large as the file.
    return new Outline(this.#source, more.length === 0 ? only : this.#parts.join(""), this.#pieces);
  }

  #verbatim(text: string, to: number): void {
    if (text === "") return;
    if (this.#pieces.at(-1)?.elided !== false) this.#begin(to, false);
    else this.#pieces.push({ ...this.#pieces.pop()!, to });
    this.#write(text, to);
  }

  #elide(sign: string, to: number): void {
    this.#begin(to, true);
    this.#write(sign, to);
  }

  /** Whether what was left out last goes on to byte `to`, with only the end of a statement between. */
  #extend(between: string, to: number): boolean {
    const last = this.#pieces.at(-1);
    if (!this.#together || last?.elided !== true || to - last.from > MOST || !/^\s*;\s*$/.test(between)) return false;
    this.#pieces.push({ ...this.#pieces.pop()!, to });
    this.#done = to;
    return true;
  }

  #begin(to: number, elided: boolean): void {
    this.#pieces.push({ at: this.#length, from: this.#done, to, elided });
  }

  #write(text: string, to: number): void {
    this.#parts.push(text);
    this.#length += text.length;
    this.#done = to;
  }
}
