import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { NEWEST_ALONE } from "../../support/servers.ts";
import { SEED } from "../../unit/sql/random.ts";
import { bench, lockIsFree, OUTER_MAJORS, runs } from "./bench.ts";
import { killRunners } from "./kill.ts";

setDefaultTimeout(120_000);

/** The full run, scripts/reliability, kills more, and on every version. */
const KILLS = 16;

for (const major of NEWEST_ALONE) {
  describe(`PostgreSQL ${major}`, () => {
    test.concurrent("runners killed at random moments lose nothing, double nothing, and leave nothing without a name", async () => {
      console.log(`kill test on PostgreSQL ${major}: CONFITURE_SEED=${SEED}`);
      const figures = await killRunners({ major, seed: SEED + major, migrations: 100, kills: KILLS });
      console.log(JSON.stringify(figures));
      expect(figures.kills).toBe(KILLS);
    });
  });
}

for (const major of OUTER_MAJORS) {
  describe(`PostgreSQL ${major}`, () => {
    test.concurrent.each([
      ["in a transaction", "001_a.sql", "SELECT pg_sleep(60);"],
      ["outside one", "001_a.sql", "-- migrate:up transaction:false\nSELECT pg_sleep(60);"],
      [
        "in TypeScript",
        "001_a.ts",
        'import { Migration } from "confiture";\nexport default class A extends Migration { up() { this.execute("SELECT pg_sleep(60)"); } }',
      ],
    ])(
      "the long statement of a killed runner ends within seconds, %s, and so does the lock",
      async (_where, name, sql) => {
        await using b = await bench(major, { [name]: sql });
        const runner = await b.start(["migrate", "up"]);
        await b.until(runs("pg_sleep(60)"));
        runner.process.kill("SIGKILL");
        await lockIsFree(b.query);
        // The lock goes first, the session's own entry a moment later.
        await b.until(`SELECT WHERE NOT EXISTS (${runs("pg_sleep(60)")})`);
      },
    );
  });
}
