import { ConfitureError, type ServerReport } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { quoteIdentifier, quoteLiteral, writeIdentifier } from "#sql/quote.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";
import type { PlanOptions, Shortcomings } from "./options.ts";
import { step, withGenerated } from "./proof.ts";
import { exampleOf, makeSamples } from "./row-samples.ts";
import { isUnfilled, type SyncedColumns } from "./synced-columns.ts";
import { columnsMissedByTriggers } from "./user-triggers.ts";
import { type Stage, Writers } from "./writers.ts";

/** Rows of a batch, so that there are several; and statements of the releases in between. */
const BATCH = 8;
const STATEMENTS = 10;

/**
 * Carries a change in steps out with rows, while an old and a new release write between any two of its migrations and
 * batches: up to the contract and all the way back. The backfill is stopped behind each batch and begun again.
 * @throws ConfitureError `generate_refused` with a row that would not be right
 */
export async function proveRows(
  options: PlanOptions,
  texts: readonly string[],
  change: SyncedColumns,
): Promise<Shortcomings> {
  return await withGenerated(options, texts, async (database, run, migrations) => {
    const [expand, fill, validate] = migrations as [LoadedMigration, LoadedMigration, LoadedMigration];
    const indexes = migrations.slice(3, -1);
    const contract = migrations.at(-1)!;
    const { fresh: limitsNew = false, old: limitsOld = false } = change.belongings?.limits ?? {};
    const samples = await makeSamples(database, change, (what, why) => counterexample(options, change, what, why));
    const writers = new Writers(database, change, samples);
    const missedBefore = await columnsMissedByTriggers(database, samples, samples.inputs);
    const both = ["old", "new"] as const;
    const write = async (stage: Stage, releases: readonly ("old" | "new")[]): Promise<void> => {
      await writers.write(stage, releases, STATEMENTS);
      await writers.check(stage);
    };
    await step(run, expand, "up");
    await write("expanded", ["old"]);
    await fillInPieces(run, fill, () => write("expanded", both));
    await requireFilled();
    await write("filled", both);
    await step(run, validate, "up");
    await write("filled", both);
    await withoutRows(limitsNew, async () => {
      for (const migration of indexes) await step(run, migration, "up");
    });
    if (indexes.length > 0) await write("filled", both);
    await step(run, contract, "up");
    await write("contracted", ["new"]);
    await requireTriggers();
    if (options.noDown) return samples.shortcomings;
    await withoutRows(limitsOld, async () => {
      await step(run, contract, "down");
      await writers.returned();
    });
    await write("filled", both);
    for (const migration of indexes.toReversed()) await step(run, migration, "down");
    await step(run, validate, "down");
    await step(run, fill, "down");
    await step(run, expand, "down");
    return samples.shortcomings;

    /** Whether rows fit into a new constraint is a matter of rows that are there, not of these: from then on they have to. */
    async function withoutRows(isLimited: boolean, work: () => Promise<void>): Promise<void> {
      if (isLimited) await writers.empty();
      await work();
      if (isLimited) await writers.refill("filled", both);
    }

    /** What failed before is no matter of the change. */
    async function requireTriggers(): Promise<void> {
      const missed = await columnsMissedByTriggers(
        database,
        samples,
        change.fresh.map(({ name }) => quoteIdentifier(name)),
      );
      const server = missed.find(({ message }) => !missedBefore.some((one) => one.message === message));
      if (server !== undefined) throw triggerFails(change, server);
    }

    async function requireFilled(): Promise<void> {
      const left = await exampleOf(database, samples.table, samples.inputs, isUnfilled(change));
      if (left !== undefined) throw new ConfitureError("generate_refused", `The backfill would leave ${left}`);
    }
  });
}

/** One batch at a time, each as if the one before had been killed. */
export async function fillInPieces(
  run: ScratchRun,
  fill: LoadedMigration,
  between: () => Promise<void>,
): Promise<void> {
  for (let outcome: unknown = "unfinished"; outcome !== "done";) {
    let asked = 0;
    outcome = await run.fill(fill, BATCH, () => Promise.resolve(asked++ === 0));
    if (outcome instanceof ConfitureError) {
      throw new ConfitureError("generate_refused", `The generated backfill fails: ${outcome.message}`, {
        hint: `Nothing was written. What fills the columns has to give the same for the same row each time: leave out functions that do not, or mark those of your own IMMUTABLE. Or write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.`,
        cause: outcome,
      });
    }
    await between();
  }
}

function triggerFails({ table, old, fresh }: SyncedColumns, server: ServerReport): ConfitureError {
  const [was = "", is = ""] = [old, fresh].map((columns) =>
    columns.map(({ name }) => writeIdentifier(name)).join(", "),
  );
  const [first] = old;
  return new ConfitureError(
    "generate_refused",
    `After the contract, statements that write to ${table} fail in a trigger of it: ${server.message}`,
    {
      server,
      hint:
        `Nothing was written. Before, in a migration of its own, let the function of the trigger do with ${was} and with ${is}: ` +
        `in PL/pgSQL, IF to_jsonb(NEW) ? ${quoteLiteral(first?.name ?? "").trim()} THEN with the old name ELSE with the new one END IF. Then generate this again.`,
    },
  );
}

function counterexample(
  { convert }: PlanOptions,
  { isTwoWay }: SyncedColumns,
  what: string,
  why: string,
): ConfitureError {
  return new ConfitureError("generate_refused", `The conversion does not hold for every value: ${what}: ${why}`, {
    ...(convert === undefined ? {} : { location: convert.forward.location }),
    hint: `Nothing was written. Let the conversion give a value for whatever the columns may hold${isTwoWay ? ", and the same value on the way back" : ""}${isTwoWay ? ". If it may be lost: --lossy" : "; what a CHECK of the table excludes does not count"}.`,
  });
}
