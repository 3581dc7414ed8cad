import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { raceRunners } from "./race.ts";
import { OLDEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

for (const major of OLDEST_ALONE) {
  describe(`PostgreSQL ${major}`, () => {
    test("of eight runners at once, one handles each version, and the others wait or say who has the lock", async () => {
      // The full run, scripts/reliability, has more rounds and migrations.
      const figures = await raceRunners({ major, runners: 8, rounds: 3, migrations: 12 });
      expect(figures).toMatchObject({ rounds: 3, runners: 8 });
      expect(figures.gaveUp).toBeGreaterThan(0);
    });
  });
}
