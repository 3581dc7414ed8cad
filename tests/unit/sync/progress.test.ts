import { expect, test } from "bun:test";
import type { CommandContext } from "#cli/command.ts";
import { showSyncEvents } from "#cli/output/sync.ts";
import type { SyncTable } from "#sync/plan.ts";
import { Board } from "#sync/run/board.ts";
import type { Progress, SyncEvent } from "#sync/run/events.ts";
import type { Piece } from "#sync/run/pieces.ts";

const tables = ["people", "orders", "part"].map((name): SyncTable => ({
  schema: "public",
  name,
  mode: "rows",
  columns: [],
  query: "",
  whole: false,
  where: name === "part" ? "id < 5" : undefined,
}));
const piece = (table: SyncTable, bytes: number): Piece => ({ table, read: "", write: "", isWhole: false, bytes });
const pieces = [...[500, 500].map((bytes) => piece(tables[0]!, bytes)), piece(tables[1]!, 1000), piece(tables[2]!, 8)];
const sizes = [
  { schema: "public", name: "people", bytes: 1000, rows: 200 },
  { schema: "public", name: "orders", bytes: 1000, rows: null },
  { schema: "public", name: "part", bytes: 8, rows: 10 },
];

test("progress adds up what every stream does, and takes back what broke", () => {
  const events: SyncEvent[] = [];
  const plan = { tables, settings: [], digest: "", reproducible: true, warnings: [] };
  const board = new Board({ plan, pieces, sizes, onEvent: (event) => void events.push(event) });
  const told = (): Progress => {
    board.tell();
    const event = events.at(-1);
    if (event?.type !== "progress") throw new Error("nothing was told");
    return event.progress;
  };
  expect(told()).toMatchObject({ rows: 0, left: null, streams: [], tables: { finished: 0, total: 3 } });
  const [first, second, third, fourth] = pieces.map((one) => board.begin(one));
  // Half of what a half of the table is thought to have, all of it and more, an unknown part of a table, a part of a subset.
  board.add(first!, 1000, 50);
  board.add(second!, 3000, 150);
  board.add(third!, 70, 7);
  board.add(fourth!, 10, 1);
  const { streams, ...all } = told();
  expect(all).toMatchObject({ rows: 208, bytes: 4080, left: expect.any(Number) });
  expect(streams).toMatchObject([
    { table: "public.people", rows: 50, bytes: 1000, left: expect.any(Number) },
    { table: "public.people", rows: 150, bytes: 3000, left: 0 },
    { table: "public.orders", rows: 7, bytes: 70, left: null },
    { table: "public.part", rows: 1, bytes: 10, left: null },
  ]);
  board.again(first!);
  expect(told()).toMatchObject({ rows: 158, bytes: 3080 });
  board.add(first!, 1000, 50);
  for (const running of [first, second]) board.finish(running!, { rowsRead: 100, rowsWritten: 100, bytes: 2000 });
  board.stop();
  expect(told()).toMatchObject({
    tables: { finished: 1 },
    streams: [{ table: "public.orders" }, { table: "public.part" }],
  });
  expect(events.find(({ type }) => type === "table-finished")).toMatchObject({
    table: { table: "public.people", rowsRead: 200, rowsWritten: 200, bytes: 4000, retries: 1 },
  });
});

test("a line every few seconds says rows, bytes, rate and the time left, of all and of each stream", () => {
  const lines: string[] = [];
  const context = { io: {}, messages: { log: (line: string) => void lines.push(line) }, json: false };
  const show = showSyncEvents(context as unknown as CommandContext);
  const progress = (elapsed: number): SyncEvent => ({
    type: "progress",
    progress: {
      rows: 30_000,
      bytes: 4_200_000,
      elapsed,
      left: 12_000,
      tables: { finished: 1, total: 3 },
      streams: [
        { table: "public.people", rows: 20_000, bytes: 4_000_000, elapsed: 5000, left: 2000 },
        { table: "public.orders", rows: 10_000, bytes: 200_000, elapsed: 1000, left: null },
      ],
    },
  });
  for (const elapsed of [1000, 6000, 9000]) show(progress(elapsed));
  expect(lines).toEqual([
    "1 of 3 tables, 30,000 rows, 4.2 MB, 5,000 rows/s, 12.0s left: public.people 20,000 rows, 4.0 MB, 4,000 rows/s, 2.0s left; public.orders 10,000 rows, 200.0 kB, 10,000 rows/s",
  ]);
});
