import { expect } from "bun:test";
import { long } from "../../support/long.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";
import { SEED } from "../../unit/sql/random.ts";
import { tryMishaps } from "./sync-mishaps.ts";

/** The full run, scripts/sync-reliability, does more of each. */
long(
  "whatever happens to a copy, the target holds the old database whole or the new one",
  async () => {
    const figures = await tryMishaps({
      major: NEWEST_ALONE[0]!,
      seed: SEED,
      rows: 2000,
      times: {
        killed: 1,
        "one cut on the source": 1,
        "all cut on the target": 1,
        "source crashed": 1,
        "killed in place": 1,
      },
    });
    console.log(`CONFITURE_SEED=${SEED} ${JSON.stringify(figures)}`);
    expect(figures.map(({ times, old, fresh, marked }) => times - old - fresh - marked)).toEqual([0, 0, 0, 0, 0]);
  },
  240_000,
);
