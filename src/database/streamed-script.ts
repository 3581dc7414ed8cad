import { isUtf8 } from "node:buffer";
import { ConfitureError } from "#errors/error.ts";
import { type OpenFile, openRegularFile, readAt, readRegularFile } from "#files/read.ts";
import { splitStatements } from "#sql/split.ts";
import { decodeSql, parseScript, type Script } from "./script.ts";

/** Smaller files are read whole: that is simpler, and faster. */
const LARGE = 16 * 1024 * 1024;
/** How much is read and sent at a time. */
const PIECE = 256 * 1024;
/** How much is read at a time where nothing is done but looking for the end of the data. */
const STRETCH = 4 * PIECE;
/** How much is read at first. */
const SIP = 8 * 1024;

/**
 * Reads a large file with COPY data, and of the data no more than a piece at a time.
 * @param file as shown to the user
 * @returns undefined for a file that is better read whole, also when something is wrong with it
 */
export function readStreamed(file: string, path: string): Script | undefined {
  using open = openRegularFile(path, file);
  if (open.size < LARGE) return undefined;
  try {
    return new LargeFile(file, path, open).read();
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

/** In bytes of the file. */
interface Range {
  readonly from: number;
  readonly to: number;
}

class LargeFile {
  readonly #file: string;
  readonly #path: string;
  readonly #open: OpenFile;
  readonly #size: number;
  /** What is read takes the place of what was read before: new memory each time would take longer than reading. */
  readonly #space = Buffer.allocUnsafe(STRETCH);

  constructor(file: string, path: string, open: OpenFile) {
    this.#file = file;
    this.#path = path;
    this.#open = open;
    this.#size = open.size;
  }

  read(): Script | undefined {
    const [file, path] = [this.#file, this.#path];
    if (this.#endOfData(0) === undefined) return undefined;
    let text = "";
    const ranges = new Map<number, Range>();
    for (let at = 0; at < this.#size;) {
      const sql = this.#sqlUntilData(at);
      text += sql.text;
      if (sql.end === undefined) break;
      const end = this.#endOfData(sql.end);
      if (end === undefined) return undefined;
      ranges.set(text.length, { from: sql.end, to: end.at });
      text += "\\.\n";
      at = end.next;
    }
    const script = parseScript(file, text);
    const copies = script.statements.filter((statement) => statement.copyData !== undefined);
    // Two COPYs in one line have their data one after the other.
    if (copies.length !== ranges.size || !copies.every(({ copyData }) => ranges.has(copyData!.start))) return undefined;
    return {
      ...script,
      streamed: {
        statements: script.statements,
        data: ({ copyData }) => pieces(file, path, ranges.get(copyData!.start)!),
        whole: () => parseScript(file, decodeSql(file, readRegularFile(path, file))),
      },
    };
  }

  /** What stands from `at` to the next data, or to the end of the file. */
  #sqlUntilData(at: number): { text: string; end: number | undefined } {
    // Many short statements may stand between many short pieces of data: each reading begins small.
    for (let length = SIP; ; length *= 2) {
      const lines = this.#lines(at, length);
      const text = decodeSql(this.#file, lines);
      const copy = splitStatements(text).statements.find((statement) => statement.copyData !== undefined);
      if (copy?.copyData !== undefined) {
        const sql = text.slice(0, copy.copyData.start);
        return { text: sql, end: at + Buffer.byteLength(sql) };
      }
      if (at + lines.length === this.#size) return { text, end: undefined };
    }
  }

  /** The next line that is exactly `\.`, and what comes behind it. Undefined when there is none, or before it no text. */
  #endOfData(from: number): { at: number; next: number } | undefined {
    let stretch = SIP;
    for (let at = from; at < this.#size; stretch = Math.min(2 * stretch, STRETCH)) {
      const lines = this.#lines(at, stretch);
      if (!isUtf8(lines) || lines.includes(0)) return undefined;
      for (let found = lines.indexOf("\\."); found >= 0; found = lines.indexOf("\\.", found + 2)) {
        if (found > 0 && lines[found - 1] !== 10) continue;
        const rest = lines.subarray(found + 2, found + 4).toString("latin1");
        const next = at + found + 2;
        if (rest.startsWith("\n")) return { at: at + found, next: next + 1 };
        if (rest === "\r\n") return { at: at + found, next: next + 2 };
        if (next === this.#size) return { at: at + found, next };
      }
      at += lines.length;
    }
    return undefined;
  }

  /** Whole lines from `at` on, at least one, and about `length` bytes of them; they hold until the next call. */
  #lines(at: number, length: number): Buffer {
    for (let wanted = length; ; wanted *= 2) {
      const space = wanted <= STRETCH ? this.#space : Buffer.allocUnsafe(wanted);
      const bytes = readAt(this.#open, at, space.subarray(0, Math.min(wanted, this.#size - at)));
      if (at + bytes.length >= this.#size) return bytes;
      const end = bytes.lastIndexOf(10) + 1;
      if (end > 0) return bytes.subarray(0, end);
    }
  }
}

function* pieces(file: string, path: string, { from, to }: Range): Generator<Uint8Array> {
  using open = openRegularFile(path, file);
  for (let at = from; at < to; at += PIECE) {
    yield readAt(open, at, Buffer.allocUnsafe(Math.min(PIECE, to - at)));
  }
}
