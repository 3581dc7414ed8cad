import type { Database, ResultListener } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { readingFailed } from "./reading-failed.ts";

/** Rows come one by one; they are sent on in pieces of this size. */
const PIECE = 64 * 1024;
/** Bytes that may wait for the target before the source has to; a row that is longer waits alone. */
const WAITING = 4 * PIECE;
/** The embedded engine takes one batch after the other, each as a COPY of its own. */
const BATCH = 4 * 1024 * 1024;

/** What went from one to the other. */
export interface Transfer {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly bytes: number;
}

export interface StreamOptions {
  readonly source: Database;
  readonly target: Database;
  /** `COPY ... TO STDOUT`. */
  readonly read: string;
  /** `COPY ... FROM STDIN`. */
  readonly write: string;
  /** Qualified, for messages. */
  readonly table: string;
  /** Hears how many bytes, and lines, have gone through since the last time. */
  readonly onBytes: (bytes: number, rows: number) => void;
}

/**
 * Sends what a COPY gives to another COPY. The bytes pass through unread, and neither side gets far ahead of the other.
 * @throws ConfitureError `sync_source_failed`, `sync_target_failed`, `connection_lost` with `data.source` or `data.target`
 */
export async function transfer({ source, target, read, write, table, onBytes }: StreamOptions): Promise<Transfer> {
  const pipe = new Pipe(onBytes);
  let failure: Error | undefined;
  const reading = source.execute(read, pipe).then(
    () => pipe.end(),
    (error: unknown) => {
      failure = readingFailed(error, table) as Error;
      pipe.fail(failure);
    },
  );
  let rowsWritten = 0;
  try {
    for await (const pieces of target.engine === "embedded" ? batchesOf(pipe) : [pipe]) {
      await target.copyIn(
        write,
        pieces,
        hearing((tag) => (rowsWritten += rowsOf(tag))),
      );
    }
  } catch (error) {
    // The source would go on waiting for room.
    pipe.abandon();
    if (failure === undefined) await source.cancel();
    await reading;
    throw pipe.failedFirst ? failure : writingFailed(error, table);
  }
  await reading;
  if (failure !== undefined) throw failure;
  return { rowsRead: rowsOf(pipe.tag), rowsWritten, bytes: pipe.bytes };
}

/** The embedded engine works in this very thread: while it does, nothing comes. */
async function* batchesOf(pipe: Pipe): AsyncGenerator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pipe) {
    // The pipe uses its piece again.
    batch.push(Buffer.from(piece));
    size += piece.length;
    if (size < BATCH) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (size > 0) yield batch;
}

/** The target's own words, without the line of data that PostgreSQL quotes in CONTEXT and DETAIL. */
export function writingFailed(error: unknown, table: string): unknown {
  if (!(error instanceof ConfitureError) || (error.code !== "sql_failed" && error.code !== "connection_lost"))
    return error;
  if (error.code === "connection_lost") {
    return new ConfitureError("connection_lost", `Writing "${table}": the connection to the target was lost`, {
      data: { target: true, table },
    });
  }
  const { sqlstate = "unknown" } = error.server ?? {};
  const column = error.server?.column === undefined ? "" : `, column "${error.server.column}"`;
  const reason = sqlstate === "53100" ? "the target's disk is full" : "PostgreSQL refused a row";
  return new ConfitureError(
    "sync_target_failed",
    `Writing "${table}"${column} failed: ${reason} (SQLSTATE ${sqlstate})`,
    {
      hint:
        sqlstate === "53100"
          ? "Make room on the target's disk, then run it again."
          : "What PostgreSQL said is not shown, because it may quote values. The target's own log has it.",
      data: { sqlstate, table },
    },
  );
}

function hearing(completed: (tag: string) => void): ResultListener {
  return { columns() {}, row() {}, copied() {}, ready() {}, completed };
}

/** What follows the last row of COPY BINARY, -1 in place of a number of columns; after the header where there is no row. */
function isEndOfBinary(chunk: Buffer, from: number, length: number): boolean {
  return (length === 2 && chunk[from] === 0xff) || (length === EMPTY_BINARY && chunk[from + SIGNATURE] === 0xff);
}
/** "PGCOPY\n", then a byte that no text has. */
const SIGNATURE = 7;
const EMPTY_BINARY = 21;

/** "COPY 12" */
function rowsOf(tag: string): number {
  return Number(tag.split(" ")[1] ?? 0);
}

/** Rows in at one end as they come, pieces out at the other when there is room. */
export class Pipe implements ResultListener, AsyncIterable<Uint8Array> {
  readonly #onBytes: (bytes: number, rows: number) => void;
  /** Filled pieces, oldest first. */
  readonly #filled: Buffer[] = [];
  readonly #free: Buffer[] = [];
  /** Bytes in `#filled`. */
  #waiting = 0;
  #piece: Buffer = Buffer.allocUnsafeSlow(PIECE);
  #used = 0;
  #rows = 0;
  #ended = false;
  #abandoned = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  tag = "";
  bytes = 0;
  /** Whether the source failed before the target did. */
  failedFirst = false;

  constructor(onBytes: (bytes: number, rows: number) => void) {
    this.#onBytes = onBytes;
  }

  columns(): void {}
  row(): void {}
  ready(): void {}
  completed(tag: string): void {
    this.tag = tag;
  }

  copied(chunk: Buffer, from: number, to: number): void {
    if (this.#abandoned) return;
    const length = to - from;
    if (!isEndOfBinary(chunk, from, length)) this.#rows++;
    if (length > PIECE - this.#used) this.#push();
    if (length > PIECE) {
      this.#fill(Buffer.from(chunk.subarray(from, to)));
      return;
    }
    // No object is made for a row: they come by the million.
    chunk.copy(this.#piece, this.#used, from, to);
    this.#used += length;
  }

  room(): Promise<void> | undefined {
    if (this.#abandoned || this.#waiting < WAITING) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  end(): void {
    this.#push();
    this.#ended = true;
    this.#wake();
  }

  fail(error: unknown): void {
    if (!this.#abandoned) this.failedFirst = true;
    this.#failure = { error };
    this.#wake();
  }

  /** Nobody takes anything any more. */
  abandon(): void {
    this.#abandoned = true;
    this.#filled.length = 0;
    this.#waiting = 0;
    this.#makeRoom();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#filled.shift();
      if (piece !== undefined) {
        this.#waiting -= piece.length;
        if (this.#waiting < WAITING) this.#makeRoom();
        yield piece;
        if (piece.length === PIECE || piece.buffer.byteLength === PIECE) this.#free.push(Buffer.from(piece.buffer));
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  #push(): void {
    if (this.#used === 0) return;
    const filled = this.#piece.subarray(0, this.#used);
    this.#piece = this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE);
    this.#used = 0;
    this.#fill(filled);
  }

  #fill(piece: Buffer): void {
    this.#filled.push(piece);
    this.#waiting += piece.length;
    this.bytes += piece.length;
    this.#onBytes(piece.length, this.#rows);
    this.#rows = 0;
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
