import type { Database } from "#database/database.ts";
import { beginNumbered, fateOfTransaction } from "#database/transaction-fate.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { SyncPlan, SyncTable } from "../plan.ts";
import type { SyncEvent, TableReport } from "./events.ts";
import { type CopyFormat, formatOf } from "./format.ts";
import type { Piece, TableSize } from "./pieces.ts";
import type { Source } from "./source.ts";
import { type Transfer, transfer } from "./stream.ts";

export interface CopyOptions {
  readonly source: Source;
  readonly plan: SyncPlan;
  readonly pieces: readonly Piece[];
  readonly sizes: readonly TableSize[];
  /** Sessions on the source that have been found to be on its server, one for each stream; closed at the end. */
  readonly readers: readonly Database[];
  readonly openTarget: () => Promise<Database>;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: SyncEvent) => void;
}

/** How often one piece is tried. */
const ATTEMPTS = 4;
/** Bytes after which what they left behind is given back: the collector itself would let a gigabyte leave 10 MB. */
const COLLECTED_AFTER = 256 * 1024 * 1024;
/** Milliseconds between two reports. */
const REPORT_EVERY = 500;

/**
 * Copies all pieces, as many at a time as there are readers. A piece whose stream breaks is repeated under the same snapshot: each is
 * one transaction, so that nothing of it stays when it fails.
 * @returns a report for each table that is not skipped, in the plan's order
 */
export async function copyRows(options: CopyOptions): Promise<TableReport[]> {
  const tallies = new Map(options.plan.tables.map((table) => [table, new Tally(table)]));
  for (const { table } of options.pieces) tallies.get(table)!.pieces++;
  const board = new Board(options, [...tallies.values()]);
  const queue = [...options.pieces];
  const failures: unknown[] = [];
  const streams = options.readers.map(async (reader) => {
    const stream = new Stream(options, reader, board);
    try {
      for (let piece = queue.shift(); piece !== undefined && failures.length === 0; piece = queue.shift()) {
        await stream.copy(piece, tallies.get(piece.table)!);
      }
    } catch (error) {
      failures.push(error);
    } finally {
      await stream.close();
    }
  });
  await Promise.all(streams);
  board.stop();
  if (failures.length > 0) throw failures[0];
  return [...tallies.values()].filter(({ table }) => table.mode === "rows").map((tally) => tally.report());
}

/** What is known of a table so far. */
class Tally {
  readonly table: SyncTable;
  /** Undefined until both sides have been asked. */
  format: CopyFormat | undefined;
  pieces = 0;
  done = 0;
  rowsRead = 0;
  rowsWritten = 0;
  bytes = 0;
  retries = 0;
  running = 0;
  #began: number | undefined;
  #ended = 0;

  constructor(table: SyncTable) {
    this.table = table;
  }

  get name(): string {
    return `${this.table.schema}.${this.table.name}`;
  }

  begin(): void {
    this.#began ??= performance.now();
    this.running++;
  }

  end(transferred: Transfer | undefined): void {
    this.running--;
    this.#ended = performance.now();
    if (transferred === undefined) return;
    this.done++;
    this.rowsRead += transferred.rowsRead;
    this.rowsWritten += transferred.rowsWritten;
    this.bytes += transferred.bytes;
  }

  report(): TableReport {
    return {
      table: this.name,
      rowsRead: this.rowsRead,
      rowsWritten: this.rowsWritten,
      bytes: this.bytes,
      duration: this.#began === undefined ? 0 : this.#ended - this.#began,
      transformed: this.table.columns.filter(({ treatment }) => treatment === "transform").length,
      where: this.table.where ?? null,
      retries: this.retries,
    };
  }
}

/** Adds up what all streams do, and tells it now and then. */
class Board {
  readonly #options: CopyOptions;
  readonly #tallies: readonly Tally[];
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #total: number;
  #rows = 0;
  #bytes = 0;
  #stored = 0;
  #uncollected = 0;

  constructor(options: CopyOptions, tallies: readonly Tally[]) {
    this.#options = options;
    this.#tallies = tallies.filter(({ table }) => table.mode === "rows");
    this.#total = options.pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#timer = setInterval(() => this.tell(), REPORT_EVERY);
    this.#timer.unref();
  }

  add(bytes: number, rows: number): void {
    this.#bytes += bytes;
    this.#rows += rows;
    this.#uncollected += bytes;
    if (this.#uncollected < COLLECTED_AFTER) return;
    this.#uncollected = 0;
    Bun.gc(true);
  }

  finish(piece: Piece, tally: Tally): void {
    this.#stored += piece.bytes;
    if (tally.done === tally.pieces) this.#options.onEvent({ type: "table-finished", table: tally.report() });
  }

  tell(): void {
    this.#options.onEvent({
      type: "progress",
      progress: {
        rows: this.#rows,
        bytes: this.#bytes,
        stored: this.#stored,
        total: this.#total,
        elapsed: performance.now() - this.#began,
        tables: {
          finished: this.#tallies.filter(({ done, pieces }) => done === pieces).length,
          total: this.#tallies.length,
        },
        running: this.#tallies.filter(({ running }) => running > 0).map(({ name }) => name),
      },
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** A session on each side, and one piece after the other. */
class Stream {
  readonly #options: CopyOptions;
  readonly #board: Board;
  #reader: Database | undefined;
  #writer: Database | undefined;
  #entered = false;

  constructor(options: CopyOptions, reader: Database, board: Board) {
    this.#options = options;
    this.#reader = reader;
    this.#board = board;
  }

  async copy(piece: Piece, tally: Tally): Promise<void> {
    tally.begin();
    for (let attempt = 1; ; attempt++) {
      try {
        const transferred = await this.#try(piece, tally);
        if (transferred.rowsRead !== transferred.rowsWritten) throw countsDiffer(tally.name, transferred);
        tally.end(transferred);
        this.#board.finish(piece, tally);
        return;
      } catch (error) {
        await this.#leave();
        if (this.#options.signal?.aborted === true) throw interrupted(error);
        if (isOfSource(error) && !(await this.#options.source.isHeld())) throw snapshotLost();
        if (attempt === ATTEMPTS || !(error instanceof ConfitureError) || !mayPass(error)) {
          tally.end(undefined);
          throw error;
        }
        tally.retries++;
        this.#options.onEvent({ type: "retrying", table: tally.name, error, attempt });
      }
    }
  }

  async #try(piece: Piece, tally: Tally): Promise<Transfer> {
    const { source, openTarget } = this.#options;
    const reader = (this.#reader ??= await source.openSession());
    if (!this.#entered) await source.enter(reader, this.#options.plan.settings);
    this.#entered = true;
    const writer = (this.#writer ??= await openTarget());
    const format = (tally.format ??= await formatOf(reader, writer, piece.table));
    const frozen = piece.isWhole && writer.engine === "server";
    const options = [...(frozen ? ["FREEZE"] : []), ...(format === "binary" ? ["FORMAT binary"] : [])].join(", ");
    const number = await beginNumbered(writer, "begin");
    // COPY FREEZE takes a table that its own transaction has made empty: it needs no second look later on.
    if (frozen) await writer.execute(`truncate only ${quoteQualified(piece.table.schema, piece.table.name)}`);
    const transferred = await transfer({
      source: reader,
      target: writer,
      read: format === "binary" ? `${piece.read} WITH (FORMAT binary)` : piece.read,
      write: options === "" ? piece.write : `${piece.write} WITH (${options})`,
      table: tally.name,
      onBytes: (bytes, rows) => this.#board.add(bytes, rows),
    });
    await this.#commit(writer, number);
    return transferred;
  }

  /** The answer to a COMMIT may get lost, and what it did has to be known: a piece must not come twice. */
  async #commit(writer: Database, number: string): Promise<void> {
    try {
      await writer.execute("commit");
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "connection_lost") throw error;
      await writer.close();
      this.#writer = await this.#options.openTarget();
      const fate = await fateOfTransaction(this.#writer, number);
      if (fate === "committed") return;
      throw error.with({ data: { target: true } });
    }
  }

  /** Closes what may be broken: the next attempt begins with new sessions. */
  async #leave(): Promise<void> {
    this.#entered = false;
    const { source } = this.#options;
    if (source.isEmbedded) await rollback(this.#reader!);
    else {
      await this.#reader?.close();
      this.#reader = undefined;
    }
    if (this.#writer?.engine === "embedded") await rollback(this.#writer);
    else {
      await this.#writer?.close();
      this.#writer = undefined;
    }
  }

  async close(): Promise<void> {
    if (!this.#options.source.isEmbedded) await this.#reader?.close();
    if (this.#writer?.engine === "server") await this.#writer.close();
  }
}

/** What may come of a moment that nobody holds any more. */
function isOfSource(error: unknown): boolean {
  if (!(error instanceof ConfitureError)) return false;
  const { code, data } = error;
  return (
    code === "sync_source_failed" ||
    code === "connect_failed" ||
    (code === "connection_lost" && data?.["target"] !== true)
  );
}

/** A stream that broke may hold the next time; what a row or a full disk does, does not pass. */
function mayPass(error: ConfitureError): boolean {
  if (error.code === "connection_lost" || error.code === "connect_failed") return true;
  const sqlstate = error.data?.["sqlstate"];
  return error.code === "sync_source_failed" && typeof sqlstate === "string" && PASSING.test(sqlstate);
}

/** Conflicts with the replay of a replica, deadlocks, and sessions that an administrator ended. */
const PASSING = /^(?:40001|40P01|57P0[1-3]|08)/;

function countsDiffer(table: string, { rowsRead, rowsWritten }: Transfer): ConfitureError {
  return new ConfitureError("sync_unproven", `Of "${table}", ${rowsRead} rows were read and ${rowsWritten} written`, {
    hint: "A rule or trigger of the target may have taken some away.",
  });
}

function snapshotLost(): ConfitureError {
  return new ConfitureError("sync_snapshot_lost", "The source's session that held the moment of the copy is gone", {
    hint: "The source was restarted, or somebody ended the session. Rows that are read now would belong to another snapshot, so the copy cannot go on: run it again.",
  });
}

function interrupted(cause: unknown): ConfitureError {
  return new ConfitureError("interrupted", "Interrupted", { cause });
}
