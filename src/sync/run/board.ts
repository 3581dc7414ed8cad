import { reportedName } from "#sql/quote.ts";
import type { SyncPlan, SyncTable } from "../plan.ts";
import { rootName } from "../roots.ts";
import type { SyncEvent, TableReport } from "./events.ts";
import type { CopyFormat } from "./format.ts";
import type { Piece, TableSize } from "./pieces.ts";
import type { Transfer } from "./stream.ts";

/** Bytes after which what they left behind is given back: the collector itself would let a gigabyte leave 10 MB. */
const COLLECTED_AFTER = 256 * 1024 * 1024;
/** Milliseconds between two reports. */
const REPORT_EVERY = 500;

/** What is known of a table so far. */
export class Tally {
  readonly table: SyncTable;
  readonly #size: TableSize | undefined;
  /** Undefined until both sides have been asked. */
  format: CopyFormat | undefined;
  pieces = 0;
  done = 0;
  retries = 0;
  #rowsRead = 0;
  #rowsWritten = 0;
  #bytes = 0;
  #began: number | undefined;
  #ended = 0;

  constructor(table: SyncTable, size: TableSize | undefined) {
    this.table = table;
    this.#size = size;
  }

  get name(): string {
    return reportedName(this.table.schema, this.table.name);
  }

  begin(): void {
    this.#began ??= performance.now();
  }

  end({ rowsRead, rowsWritten, bytes }: Transfer): void {
    this.#ended = performance.now();
    this.done++;
    this.#rowsRead += rowsRead;
    this.#rowsWritten += rowsWritten;
    this.#bytes += bytes;
  }

  report(): TableReport {
    return {
      table: this.name,
      sourceRows: this.table.where === undefined ? null : (this.#size?.rows ?? null),
      rowsRead: this.#rowsRead,
      rowsWritten: this.#rowsWritten,
      bytes: this.#bytes,
      duration: this.#began === undefined ? 0 : this.#ended - this.#began,
      transformed: this.table.columns.filter(({ treatment }) => treatment === "transform").length,
      where: this.table.where ?? null,
      retries: this.retries,
    };
  }
}

/** A piece on its way. */
export interface Running {
  readonly tally: Tally;
  readonly piece: Piece;
  began: number;
  rows: number;
  bytes: number;
}

export interface BoardOptions {
  readonly plan: SyncPlan;
  readonly pieces: readonly Piece[];
  readonly sizes: readonly TableSize[];
  readonly onEvent: (event: SyncEvent) => void;
}

/** Adds up what all streams do, and tells it now and then. */
export class Board {
  readonly #onEvent: (event: SyncEvent) => void;
  readonly #tallies: ReadonlyMap<SyncTable, Tally>;
  readonly #sizes: ReadonlyMap<string, TableSize>;
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #total: number;
  readonly #running = new Set<Running>();
  #rows = 0;
  #bytes = 0;
  #stored = 0;
  #uncollected = 0;

  constructor({ plan, pieces, sizes, onEvent }: BoardOptions) {
    this.#onEvent = onEvent;
    this.#sizes = new Map(sizes.map((size) => [reportedName(size.schema, size.name), size]));
    this.#tallies = new Map(
      plan.tables
        .filter(({ mode }) => mode === "rows")
        .map((table) => [table, new Tally(table, this.#sizes.get(reportedName(table.schema, table.name)))]),
    );
    for (const { table } of pieces) this.#tallies.get(table)!.pieces++;
    this.#total = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#timer = setInterval(() => this.tell(), REPORT_EVERY);
    this.#timer.unref();
  }

  begin(piece: Piece): Running {
    const tally = this.#tallies.get(piece.table)!;
    tally.begin();
    const running = { tally, piece, began: performance.now(), rows: 0, bytes: 0 };
    this.#running.add(running);
    return running;
  }

  add(running: Running, bytes: number, rows: number): void {
    running.bytes += bytes;
    running.rows += rows;
    this.#bytes += bytes;
    this.#rows += rows;
    this.#uncollected += bytes;
    if (this.#uncollected < COLLECTED_AFTER) return;
    this.#uncollected = 0;
    Bun.gc(true);
  }

  /** The piece broke, and nothing of it has stayed. */
  again(running: Running): void {
    running.tally.retries++;
    this.#rows -= running.rows;
    this.#bytes -= running.bytes;
    Object.assign(running, { began: performance.now(), rows: 0, bytes: 0 });
  }

  finish(running: Running, transferred: Transfer): void {
    const { tally, piece } = running;
    this.#running.delete(running);
    this.#stored += piece.bytes;
    tally.end(transferred);
    if (tally.done === tally.pieces) this.#onEvent({ type: "table-finished", table: tally.report() });
  }

  tell(): void {
    const elapsed = performance.now() - this.#began;
    const running = [...this.#running];
    const stored = running.reduce((sum, one) => sum + one.piece.bytes * (this.#part(one) ?? 0), this.#stored);
    const tallies = [...this.#tallies.values()];
    const all = new Set(tallies.map(({ table }) => rootName(table)));
    const open = new Set(tallies.flatMap(({ done, pieces, table }) => (done === pieces ? [] : [rootName(table)])));
    this.#onEvent({
      type: "progress",
      progress: {
        rows: this.#rows,
        bytes: this.#bytes,
        elapsed,
        left: timeLeft(elapsed, this.#total === 0 ? undefined : stored / this.#total),
        tables: { finished: all.size - open.size, total: all.size },
        streams: running.map((one) => {
          const own = performance.now() - one.began;
          const { rows, bytes } = one;
          return { table: one.tally.name, rows, bytes, elapsed: own, left: timeLeft(own, this.#part(one)) };
        }),
      },
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of each table that is not skipped, in the plan's order. */
  reports(): TableReport[] {
    return [...this.#tallies.values()].map((tally) => tally.report());
  }

  /** How much of a piece has gone through, by PostgreSQL's estimate of its table's rows; undefined where there is none. */
  #part({ piece, tally, rows }: Running): number | undefined {
    const size = this.#sizes.get(tally.name);
    if (size === undefined || size.rows === null || size.bytes === 0 || tally.table.where !== undefined)
      return undefined;
    const expected = size.rows * (piece.bytes / size.bytes);
    return expected === 0 ? undefined : Math.min(1, rows / expected);
  }
}

/** Milliseconds, if it goes on like that; null where nobody can tell. */
function timeLeft(elapsed: number, part: number | undefined): number | null {
  return part === undefined || part === 0 ? null : (elapsed / part) * (1 - part);
}
