import { expect, setDefaultTimeout, test } from "bun:test";
import { long } from "../../support/long.ts";
import { SEED } from "../../unit/sql/random.ts";
import { OUTER_MAJORS } from "./bench.ts";
import { canMount, killEmbedded } from "./embedded-kill.ts";
import { COMMANDS_KILLED, killCommands } from "./every-command.ts";

// A database or two for each command. The full run, scripts/reliability, kills more.
setDefaultTimeout(300_000);

long("every command that writes, killed at a random moment, leaves all as before or all done", async () => {
  const [major] = OUTER_MAJORS.slice(-1);
  console.log(`CONFITURE_SEED=${SEED}`);
  const figures = await killCommands({ major: major!, seed: SEED, kills: 1 });
  expect(figures).toHaveLength(COMMANDS_KILLED);
});

test.each([
  ["killed", true],
  ["copied", true],
  ["power lost", canMount()],
] as const)(
  "the embedded engine's folder, %s in the middle of the work, has what its ledger says",
  async (mishap, possible) => {
    if (!possible) {
      console.log("skipped: no file system can be mounted here");
      return;
    }
    console.log(`CONFITURE_SEED=${SEED}`);
    expect((await killEmbedded({ seed: SEED, rounds: 1, mishap })).rounds).toBe(1);
  },
);
