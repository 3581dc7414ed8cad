import { isUtf8 } from "node:buffer";
import { fstatSync } from "node:fs";
import { ConfitureError, type Location } from "#errors/error.ts";
import { type OpenFile, openRegularFile, readAt } from "#files/read.ts";
import { locateInFile } from "#sql/position.ts";

/** How much is read at a time. */
const PIECE = 256 * 1024;
/** How much is read at a time where it is only looked through. */
const STRETCH = 4 * PIECE;
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** How much of a line is read around something in it. */
const NEAR = 4096;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** Of UTF-8, in bytes. */
const LONGEST_CHARACTER = 4;

/** In bytes of a file; `to` is exclusive. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A file that is too large to be read whole. It is opened for each use, and has to be the one that was looked at
 * first: what runs must be what was checked.
 */
export class FileBytes {
  /** As shown to the user. */
  readonly file: string;
  readonly size: number;
  readonly #path: string;
  readonly #identity: string;

  /** @throws ConfitureError `file_unreadable`, `file_not_regular` */
  constructor(file: string, path: string) {
    this.file = file;
    this.#path = path;
    using opened = openRegularFile(path, file);
    this.size = opened.size;
    this.#identity = identityOf(opened);
  }

  /** @throws ConfitureError `file_unreadable` when the file was changed since it was looked at first */
  read({ from, to }: ByteRange): Buffer {
    using opened = this.#open();
    return readAt(opened, from, Buffer.allocUnsafe(to - from));
  }

  /** The bytes piece by piece. Each piece is a buffer of its own. */
  *pieces({ from, to }: ByteRange = { from: 0, to: this.size }): Generator<Buffer> {
    using opened = this.#open();
    for (let at = from; at < to; at += PIECE) {
      yield readAt(opened, at, Buffer.allocUnsafe(Math.min(PIECE, to - at)));
    }
  }

  /** The same in memory that each piece shares with the next: for who is done with one before asking for another. */
  *passing({ from, to }: ByteRange): Generator<Buffer> {
    using opened = this.#open();
    const space = Buffer.allocUnsafeSlow(PIECE);
    for (let at = from; at < to; at += PIECE) yield readAt(opened, at, space.subarray(0, Math.min(PIECE, to - at)));
  }

  /** As `passing`, up to the end of the file and cut between characters. */
  *texts(from: number): Generator<Buffer> {
    using opened = this.#open();
    const space = Buffer.allocUnsafeSlow(PIECE);
    for (let at = from; at < this.size;) {
      const piece = readAt(opened, at, space.subarray(0, Math.min(PIECE, this.size - at)));
      const text = at + piece.length === this.size ? piece : wholeCharacters(piece);
      yield text;
      at += text.length;
    }
  }

  /**
   * What stands around a word of ASCII wherever the file has it: its line, as much of it as is near. A place may come twice.
   * @param ignoreCase whether capitals are taken for small letters; the word is in small letters then
   */
  *around(word: string, ignoreCase = false): Generator<string> {
    using opened = this.#open();
    const space = Buffer.allocUnsafeSlow(PIECE);
    for (let at = 0; at < this.size; at += PIECE - NEAR) {
      const bytes = readAt(opened, at, space.subarray(0, Math.min(PIECE, this.size - at)));
      const piece = ignoreCase ? Buffer.from(bytes.toString("latin1").toLowerCase(), "latin1") : bytes;
      for (let found = piece.indexOf(word); found >= 0; found = piece.indexOf(word, found + 1)) {
        const start = piece.lastIndexOf(LINE_FEED, found) + 1;
        const end = piece.indexOf(LINE_FEED, found);
        yield bytes.toString("utf8", start, Math.min(end < 0 ? piece.length : end, found + NEAR));
      }
      if (at + bytes.length === this.size) return;
    }
  }

  /** About `length` bytes from `at` on: whole lines, or as much of a long one as that is. Not less than a character. */
  stretch(at: number, length: number): Buffer {
    using opened = this.#open();
    const wanted = Math.max(length, LONGEST_CHARACTER);
    const bytes = readAt(opened, at, Buffer.allocUnsafe(Math.min(wanted, this.size - at)));
    if (at + bytes.length >= this.size) return bytes;
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    return end > bytes.length / 2 ? bytes.subarray(0, end) : wholeCharacters(bytes);
  }

  /**
   * The first line at or behind `from`, which begins a line, that is exactly `\.`, and what comes behind it.
   * @returns `invalid` where something before it is no text; undefined when there is no such line
   */
  endOfCopyData(from: number): { readonly at: number; readonly next: number } | "invalid" | undefined {
    using opened = this.#open();
    // New memory for each stretch would take longer than reading.
    const space = Buffer.allocUnsafe(STRETCH);
    for (let at = from; at < this.size;) {
      const lines = this.#lines(opened, at, STRETCH, space);
      if (!isUtf8(lines) || lines.includes(0)) return "invalid";
      const found = endMark(lines, at + lines.length === this.size);
      if (found !== undefined) return { at: at + found.at, next: at + found.next };
      at += lines.length;
    }
    return undefined;
  }

  /** The beginning of a line, of which the first begins at `from`; lines end at LF. */
  locateLine(from: number, line: number): Location {
    let at = from;
    let left = line - 1;
    for (const piece of this.pieces({ from, to: this.size })) {
      let next = 0;
      for (; left > 0; left--) {
        const lineFeed = piece.indexOf(LINE_FEED, next);
        if (lineFeed === -1) break;
        next = lineFeed + 1;
      }
      if (left === 0) return this.locate(at + next);
      at += piece.length;
    }
    return this.locate(from);
  }

  /** Line and column of a byte, as `locate` has them for a text: lines end at LF, CRLF or CR. */
  locate(offset: number): Location {
    let line = 1;
    let lineStart = 0;
    let at = 0;
    // A carriage return ends its line only when it is known what follows.
    let returned = false;
    for (const piece of this.pieces({ from: 0, to: Math.min(offset + 1, this.size) })) {
      for (const byte of piece) {
        const isLineFeed = byte === LINE_FEED;
        if (returned && !isLineFeed && at <= offset) {
          line++;
          lineStart = at;
        } else if (isLineFeed && at < offset) {
          line++;
          lineStart = at + 1;
        }
        returned = byte === CARRIAGE_RETURN;
        at++;
      }
    }
    if (returned && at <= offset) {
      line++;
      lineStart = at;
    }
    // A line may be as long as the file.
    const from = Math.max(lineStart, offset - STRETCH);
    // Only at the beginning of the file a byte order mark is none of its characters.
    const before = (from === 0 ? "" : "\n") + UTF8.decode(this.read({ from, to: offset }));
    const behind = UTF8.decode(this.read({ from: offset, to: Math.min(this.size, offset + PIECE) }));
    return { ...locateInFile(this.file, before + behind, before.length), line };
  }

  /** @param space where to read to, if that is large enough */
  #lines(opened: OpenFile, at: number, length: number, space?: Buffer): Buffer {
    for (let wanted = length; ; wanted *= 2) {
      const size = Math.min(wanted, this.size - at);
      const fits = space !== undefined && size <= space.length;
      const bytes = readAt(opened, at, fits ? space.subarray(0, size) : Buffer.allocUnsafe(size));
      if (at + bytes.length >= this.size) return bytes;
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      if (end > 0) return bytes.subarray(0, end);
    }
  }

  #open(): OpenFile {
    const opened = openRegularFile(this.#path, this.file);
    if (identityOf(opened) === this.#identity) return opened;
    opened[Symbol.dispose]();
    throw new ConfitureError("file_unreadable", `${this.file} was changed while it was used`, {
      location: { file: this.file },
      hint: "Run the command again when nothing writes to the file.",
    });
  }
}

function identityOf({ descriptor }: OpenFile): string {
  const { ino, size, mtimeMs } = fstatSync(descriptor);
  return `${ino} ${size} ${mtimeMs}`;
}

/** Without the beginning of a last character whose end is not there. */
function wholeCharacters(bytes: Buffer): Buffer {
  let start = bytes.length - 1;
  while (start > 0 && start > bytes.length - LONGEST_CHARACTER && (bytes[start]! & 0xc0) === 0x80) start--;
  const first = bytes[start] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return start > 0 && start + length > bytes.length ? bytes.subarray(0, start) : bytes;
}

/** As `readCopyData` in sql/copy-data.ts does it for a text. */
function endMark(lines: Buffer, isLast: boolean): { at: number; next: number } | undefined {
  for (let found = lines.indexOf("\\."); found >= 0; found = lines.indexOf("\\.", found + 2)) {
    if (found > 0 && lines[found - 1] !== LINE_FEED) continue;
    const next = found + 2;
    const lineFeed = lines[next] === CARRIAGE_RETURN ? next + 1 : next;
    if (lines[lineFeed] === LINE_FEED) return { at: found, next: lineFeed + 1 };
    // The last line needs no end.
    if (lineFeed === lines.length && isLast) return { at: found, next: lineFeed };
  }
  return undefined;
}
