import { expect, test } from "bun:test";
import type { SyncTable } from "#sync/plan.ts";
import { piecesOf } from "#sync/run/pieces.ts";

const MB = 1024 * 1024;

const table = (name: string, mode: SyncTable["mode"] = "rows"): SyncTable => ({
  schema: "public",
  name,
  mode,
  columns: [],
  query: `SELECT FROM ONLY "public"."${name}" source WHERE (true)`,
  whole: true,
  where: undefined,
});

/** Which rows, by the place of their page, the pieces of a table read; an open end is not limited. */
function rangesOf(reads: readonly string[]): (readonly [number, number])[] {
  return reads
    .map((read) => {
      const at = (sign: string): number | undefined => {
        const found = new RegExp(`source\\.ctid ${sign} '\\((\\d+),0\\)'`).exec(read);
        return found === null ? undefined : Number(found[1]);
      };
      return [at(">=") ?? 0, at("<") ?? Infinity] as const;
    })
    .toSorted(([a], [b]) => a - b);
}

test.each([
  ["one stream reads a table in one piece", 5000, 1, "server", 1],
  ["a small table is not cut", 31, 8, "server", 1],
  ["a large one is, into pieces for every stream", 1600, 4, "server", 16],
  ["but not into small ones", 100, 4, "server", 4],
  ["the embedded engine gives rows all at once", 10, 1, "embedded", 3],
] as const)("%s", (_name, megabytes, jobs, sourceEngine, count) => {
  const sizes = [{ schema: "public", name: "t", bytes: megabytes * MB, rows: null }];
  const pieces = piecesOf([table("t"), table("skipped", "skip")], sizes, { pageSize: 8192, jobs, sourceEngine });
  expect(pieces).toHaveLength(count);
  expect(pieces.every(({ isWhole }) => isWhole === (count === 1))).toBe(true);
  // No page falls out between two ranges, nor is one read twice, nor is there an end that a table could have grown beyond.
  const ranges = rangesOf(pieces.map(({ read }) => read));
  expect([0, ...ranges.map(([, to]) => to)]).toEqual([...ranges.map(([from]) => from), Infinity]);
});

test("the largest table comes first", () => {
  const sizes = [1, 30, 20].map((megabytes, index) => ({
    schema: "public",
    name: `t${index}`,
    bytes: megabytes * MB,
    rows: null,
  }));
  const tables = sizes.map(({ name }) => table(name));
  const pieces = piecesOf([...tables, table("unknown")], sizes, { pageSize: 8192, jobs: 4, sourceEngine: "server" });
  expect(pieces.map((piece) => piece.table.name)).toEqual(["t1", "t2", "t0", "unknown"]);
});
