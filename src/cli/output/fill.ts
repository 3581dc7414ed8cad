import type { Progress } from "#migrate/fill/progress.ts";
import type { LockHolder } from "#migrate/run/lock.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { Steered } from "#migrate/fill/steer-fill.ts";
import type { Outcome } from "../command.ts";
import { formatSeconds } from "./text.ts";
import { inLine } from "./visible.ts";

/** What can be told of a backfill that is not over. */
interface FillFigures {
  /** Rows per second, by the latest batches; null before the first. */
  readonly rate: number | null;
  /** Milliseconds until the end of this pass; null where it cannot be told. */
  readonly left: number | null;
  /** Of this pass, 0 to 1. */
  readonly part: number | null;
}

/** Pure. */
function figuresOf({ batch, batchMs, rowsScanned, rowsEstimate }: Progress): FillFigures {
  const rate = batchMs === null ? null : (batch * 1000) / batchMs;
  const rest = rowsEstimate === null ? null : Math.max(0, rowsEstimate - rowsScanned);
  return {
    rate,
    left: rate === null || rest === null || rate === 0 ? null : (rest * 1000) / rate,
    part: rowsEstimate === null || rowsEstimate === 0 ? null : Math.min(1, rowsScanned / rowsEstimate),
  };
}

/** "3,400,000 of about 10,000,000 rows (34 %), 21,000 rows/s, 5m 14s left, batches of 9,000". Pure. */
export function fillProgress(progress: Progress): string {
  const { rate, left, part } = figuresOf(progress);
  const { rowsScanned, rowsEstimate, sweep, batch, pausedBy } = progress;
  // A runner notes that it waits; where nobody runs, it is paused all the same.
  const waits = progress.waits ?? (pausedBy === null ? null : `paused by ${pausedBy}`);
  const rows =
    rowsEstimate === null
      ? `${number(rowsScanned)} rows`
      : `${number(rowsScanned)} of about ${number(Math.max(rowsEstimate, rowsScanned))} rows${part === null ? "" : ` (${Math.floor(part * 100)} %)`}`;
  return [
    sweep === 0 ? rows : `sweep ${sweep} (another look, for late rows): ${rows}`,
    ...(rate === null ? [] : [`${number(Math.round(rate))} rows/s`]),
    ...(left === null ? [] : [`${formatSeconds(left)} left`]),
    `batches of ${number(batch)}`,
    ...(waits === null ? [] : [`waits: ${inLine(waits)}`]),
  ].join(", ");
}

export function fillToJson(progress: Progress, worker: LockHolder | undefined): Record<string, unknown> {
  const { rate, left } = figuresOf(progress);
  return {
    table: progress.table,
    key: progress.key,
    position: progress.position,
    sweep: progress.sweep,
    rowsScanned: progress.rowsScanned,
    rowsChanged: progress.rowsChanged,
    rowsEstimate: progress.rowsEstimate,
    batches: progress.batches,
    batch: progress.batch,
    batchMs: progress.batchMs,
    rowsPerSecond: rate,
    leftMs: left,
    pausedBy: progress.pausedBy,
    waits: progress.waits,
    waitsSince: progress.waitsSince?.toISOString() ?? null,
    waitedMs: progress.waitedMs,
    worker: worker === undefined ? null : { pid: worker.pid, user: worker.user, host: worker.host },
    startedAt: progress.startedAt.toISOString(),
    updatedAt: progress.updatedAt.toISOString(),
  };
}

/** What a backfill was told to do. */
export function steered({ entry, progress }: Steered, how: string): Outcome {
  const { batch, pausedBy, wantedBatch, wantedPause } = progress;
  const details = [
    `batches of ${wantedBatch === null ? `about ${number(batch)}` : number(wantedBatch)}`,
    ...(wantedPause === null ? [] : [`a pause of ${wantedPause} ms`]),
    ...(pausedBy === null ? [] : [`paused by ${inLine(pausedBy)}`]),
  ];
  return {
    json: { version: entry.version, name: entry.name, pausedBy, batch: wantedBatch, pauseMs: wantedPause },
    text: `✅ Backfill ${inLine(migrationId(entry))} ${how} (${details.join(", ")})\n`,
  };
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
