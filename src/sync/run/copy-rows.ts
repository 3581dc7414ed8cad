import type { Database } from "#database/database.ts";
import { beginNumbered, fateOfTransaction } from "#database/transaction-fate.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { SyncPlan } from "../plan.ts";
import { Board, type Running } from "./board.ts";
import type { SyncEvent, TableReport } from "./events.ts";
import { formatOf } from "./format.ts";
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

/**
 * Copies all pieces, as many at a time as there are readers. A piece whose stream breaks is repeated under the same snapshot: each is
 * one transaction, so that nothing of it stays when it fails.
 * @returns a report for each table that is not skipped, in the plan's order
 */
export async function copyRows(options: CopyOptions): Promise<TableReport[]> {
  const board = new Board(options);
  const queue = [...options.pieces];
  const failures: unknown[] = [];
  const streams = options.readers.map(async (reader) => {
    const stream = new Stream(options, reader, board);
    try {
      for (let piece = queue.shift(); piece !== undefined && failures.length === 0; piece = queue.shift()) {
        await stream.copy(piece);
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
  return board.reports();
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

  async copy(piece: Piece): Promise<void> {
    const running = this.#board.begin(piece);
    const { tally } = running;
    for (let attempt = 1; ; attempt++) {
      try {
        const transferred = await this.#try(piece, running);
        if (transferred.rowsRead !== transferred.rowsWritten) throw countsDiffer(tally.name, transferred);
        this.#board.finish(running, transferred);
        return;
      } catch (error) {
        await this.#leave();
        if (this.#options.signal?.aborted === true) throw interrupted(error);
        const explained = await this.#options.source.explain(error);
        if (attempt === ATTEMPTS || !(explained instanceof ConfitureError) || !mayPass(explained)) throw explained;
        this.#board.again(running);
        this.#options.onEvent({ type: "retrying", table: tally.name, error: explained, attempt });
      }
    }
  }

  async #try(piece: Piece, running: Running): Promise<Transfer> {
    const { tally } = running;
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
      onBytes: (bytes, rows) => this.#board.add(running, bytes, rows),
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

/** A stream that broke may hold the next time; what a row or a full disk does, does not pass. */
function mayPass(error: ConfitureError): boolean {
  if (error.code === "connection_lost" || error.code === "connect_failed") return true;
  const sqlstate = error.data?.["sqlstate"];
  return error.code === "sync_source_failed" && typeof sqlstate === "string" && PASSING.test(sqlstate);
}

/** Conflicts with the replay of a replica, deadlocks, locks that others wait for, and sessions that an administrator ended. */
const PASSING = /^(?:40001|40P01|55P03|57P0[1-3]|08)/;

function countsDiffer(table: string, { rowsRead, rowsWritten }: Transfer): ConfitureError {
  return new ConfitureError("sync_unproven", `Of "${table}", ${rowsRead} rows were read and ${rowsWritten} written`, {
    hint: "A rule or trigger of the target may have taken some away.",
  });
}

function interrupted(cause: unknown): ConfitureError {
  return new ConfitureError("interrupted", "Interrupted", { cause });
}
