/** Measures backfills: `scripts/bench-online`. */
import { cpus } from "node:os";
import { join } from "node:path";
import { FillBench, type FillFigures, PLAIN_BATCH, THINKS } from "../../tests/binary/reliability/fill-bench.ts";
import { startServer } from "../../tests/support/servers.ts";
import { writeFigures } from "./figures.ts";
import { median } from "./measure.ts";

const DOCUMENT = join(import.meta.dir, "..", "..", "docs", "zero-downtime.md");
const FULL = 10_000_000;
const ROWS = Number(process.argv[2] ?? FULL);
const RUNS = Number(process.argv[3] ?? 3);
const WRITERS = 4;
/** Milliseconds that the writers are watched without a fill. */
const ALONE = 60_000;

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

// A server as one has it that works: what is committed is on the disk, and checkpoints are not forced every few seconds.
const server = await startServer({
  major: 18,
  durable: true,
  settings: [
    "shared_buffers = '1GB'",
    "max_wal_size = '8GB'",
    "min_wal_size = '8GB'",
    "checkpoint_timeout = '15min'",
    "wal_level = replica",
  ],
});
try {
  const bench = await FillBench.open(server, ROWS);
  const alone: { readonly p50: number; readonly p99: number }[] = [];
  const [plain, fill]: [FillFigures[], FillFigures[]] = [[], []];
  // Does not count: a young server makes new files for its log, and whoever commits meanwhile waits for them.
  await bench.plain(0);
  // In turn, so that a machine that slows down slows all of them.
  for (let run = 0; run < RUNS; run++) {
    alone.push(await bench.alone(WRITERS, ROWS < FULL ? 2_000 : ALONE));
    plain.push(await bench.plain(WRITERS));
    fill.push(await bench.fill(WRITERS));
    console.log(JSON.stringify({ alone: alone[run], plain: plain[run], fill: fill[run] }));
  }
  await bench.close();
  const sizes = [ROWS / 100, ROWS / 10, ROWS];
  const growth: FillFigures[] = [];
  for (const size of sizes) {
    const own = await FillBench.open(server, size);
    growth.push(await own.fill(0));
    await own.close();
    console.log(`${count(size)}: ${JSON.stringify(growth.at(-1))}`);
  }
  const of = (all: readonly FillFigures[], value: (one: FillFigures) => number): number => median(all.map(value));
  const row = (name: string, all: readonly FillFigures[]): string =>
    `| ${name} | ${of(all, ({ seconds }) => seconds).toFixed(1)} s | ${count(ROWS / of(all, ({ filledAfter }) => filledAfter))} | ${ms(of(all, ({ latencies }) => latencies!.p50))} | ${ms(of(all, ({ latencies }) => latencies!.p99))} |`;
  const floor = median(fill.map(({ filledAfter }, run) => plain[run]!.filledAfter / filledAfter));
  const [p50, p99] = [median(alone.map((one) => one.p50)), median(alone.map((one) => one.p99))];
  const ratios = fill.map(({ latencies }, run) => latencies!.p99 / alone[run]!.p99);
  const slower = median(ratios);
  const perRow = growth.map(({ seconds }, index) => seconds / sizes[index]!);
  const table = `Written by \`scripts/bench-online\` on ${new Date().toISOString().slice(0, 10)}: ${count(ROWS)} rows on PostgreSQL 18 with \`fsync\`, \`shared_buffers = 1GB\`, \`min_wal_size\` and \`max_wal_size = 8GB\`, on the same
machine with ${cpus().length} processors (${cpus()[0]?.model ?? "unknown"}). ${WRITERS} sessions write meanwhile, a statement every ${THINKS} ms and the time that it takes: seven of ten change another
column of a random row, the others read, insert, and change the column that is filled from. ${RUNS === 1 ? "One run" : `Medians of ${RUNS} runs`}, after a loop that does not count.

| | the whole | rows/s of the fill | p50 of the writers | p99 |
|---|---:|---:|---:|---:|
| nobody fills | | | ${ms(p50)} | ${ms(p99)} |
${row(`an \`UPDATE\` loop in psql, ${count(PLAIN_BATCH)} ids and a COMMIT each`, plain)}
${row("`confiture migrate up`", fill)}

The fill has ${floor.toFixed(2)} times the speed of the loop, and p99 of the writers is ${slower.toFixed(2)} times what it is without a fill${RUNS === 1 ? "" : ` (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`}. "The whole" includes the sweep, a second pass
for rows that came meanwhile; the loop has none.

Without writers, whole commands:

| rows | time | rows/s | largest memory of the process |
|---:|---:|---:|---:|
${growth.map(({ seconds, memory }, index) => `| ${count(sizes[index]!)} | ${seconds.toFixed(1)} s | ${count(sizes[index]! / seconds)} | ${megabytes(memory)} |`).join("\n")}

From ${count(sizes[1]!)} to ${count(sizes[2]!)} rows the time for each row is ${(perRow[2]! / perRow[1]!).toFixed(2)} times what it was; from ${count(sizes[0]!)} rows, the start of the process and the first, small batches among it, ${(perRow[2]! / perRow[0]!).toFixed(2)} times.`;
  process.stdout.write(`${table}\n`);
  if (ROWS >= FULL) await writeFigures(DOCUMENT, "speed", table);
} finally {
  await server.stop("immediate");
}
// The server's keeper would hold the process.
process.exit(0);
