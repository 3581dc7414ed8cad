import { expect, test } from "bun:test";
import { long } from "../../support/long.ts";
import { PSQL } from "../../support/psql.ts";
import { NEWEST_ALONE, server } from "../../support/servers.ts";
import { SEED } from "../../unit/sql/random.ts";
import { FillBench } from "./fill-bench.ts";
import { fillFullDisk, tryFillMishaps } from "./fill-mishaps.ts";
import { fillBehindStandby } from "./fill-standby.ts";

const major = NEWEST_ALONE[0]!;

/** The full run, scripts/online-reliability, does more of each. */
test("whatever happens to a change in steps, each row is what the releases have written", async () => {
  const figures = await tryFillMishaps({
    major,
    seed: SEED,
    rows: 1500,
    times: [
      ["killed", "fill", 1],
      ["crashed", "fill", 1],
      ["killed", "contract", 1],
      ["killed", "contract back", 1],
    ],
  });
  console.log(`CONFITURE_SEED=${SEED} ${JSON.stringify(figures)}`);
  expect(figures.map(({ times }) => times)).toEqual([1, 1, 1, 1]);
}, 240_000);

test("a full disk stops the fill with its rows, and it goes on when there is room", async () => {
  const stops = await fillFullDisk({ major, seed: SEED, rows: 10_000 });
  if (stops === undefined) console.warn("no disk of its own can be mounted here: not tried");
  else expect(stops).toBeGreaterThan(0);
}, 240_000);

long(
  "a fill waits for a standby that is behind or gone, says so, and goes on",
  async () => {
    const { reasons } = await fillBehindStandby({ major, rows: 3000 });
    expect(reasons).toContain(
      "for the replica behind, which was there and is gone (to do without it, end this run and start it again)",
    );
    expect(reasons.every((reason) => reason.startsWith("for the replica behind"))).toBe(true);
  },
  240_000,
);

// scripts/bench-online does it with 10 million rows.
test.skipIf(PSQL === null)(
  "the benchmark of fills measures fills that leave no row",
  async () => {
    const bench = await FillBench.open(await server(major), 3000);
    try {
      for (const figures of [await bench.fill(2), await bench.plain(2)]) {
        expect(figures.latencies?.statements).toBeGreaterThan(0);
        expect(figures.seconds).toBeGreaterThanOrEqual(figures.filledAfter);
      }
    } finally {
      await bench.close();
    }
  },
  120_000,
);
