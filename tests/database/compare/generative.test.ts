import { afterAll, expect, test } from "bun:test";
import { convergeBothWays, type Outcome, randomPair } from "../../support/convergence.ts";
import { EmptiedDatabase } from "../../support/golden.ts";
import { ALL } from "../../support/long.ts";

/**
 * The same pairs in every run, unless others are asked for: what a new pair finds is no fault of the change under test.
 * `scripts/convergence` is for finding it.
 */
const FIRST_SEED = Number(process.env["CONFITURE_SEED"] ?? 1000);

/** Random edits, each in both directions; CONFITURE_ROUNDS for more. */
const ROUNDS = Number(process.env["CONFITURE_ROUNDS"] ?? (ALL ? 8 : 4));
const LEAST_PROVEN = 0.8;

const emptied = new EmptiedDatabase(async () => ({ engine: "embedded" }));
afterAll(() => emptied.close());

test(
  `random edits of random schemas become proven migrations, CONFITURE_SEED=${FIRST_SEED}`,
  async () => {
    const outcomes: Outcome[] = [];
    for (let round = 0; round < ROUNDS; round++)
      outcomes.push(...(await convergeBothWays(emptied, randomPair(FIRST_SEED + round))));
    const reasons = (...kinds: Outcome["kind"][]): string[] =>
      outcomes.filter(({ kind }) => kinds.includes(kind)).map(({ name, reason }) => `${name}: ${reason}`);
    expect(reasons("unproven", "unbuildable")).toEqual([]);
    const refused = reasons("refused");
    const most = Math.floor(outcomes.length * (1 - LEAST_PROVEN));
    expect(refused.length, refused.join("\n")).toBeLessThanOrEqual(most);
  },
  ROUNDS * 10_000,
);
