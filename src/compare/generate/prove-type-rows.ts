import { ConfitureError } from "#errors/error.ts";
import { backfillOf } from "#migrate/files/body.ts";
import { quoteQualified } from "#sql/quote.ts";
import { makeUpRows } from "../trace/made-up-rows.ts";
import type { PlanOptions, Shortcomings } from "./options.ts";
import { step, withGenerated, withoutPublicationsOfAll } from "./proof.ts";
import { fillInPieces } from "./prove-rows.ts";
import type { TypeChange } from "./type-change.ts";
import { KeyWriters } from "./key-writers.ts";

/** Rows of each table, and statements of the application between two migrations or batches. */
const ROWS = 24;
const STATEMENTS = 12;

/**
 * Carries a change of types out with rows, while an application writes between any two of its migrations and batches: up to
 * the contract and all the way back. No migration may change what the application finds, or the number that a sequence gives
 * next; and the new columns have to be what the old ones are.
 * @throws ConfitureError `generate_refused` with a row that would not be right
 */
export async function proveTypeRows(
  options: PlanOptions,
  texts: readonly string[],
  change: TypeChange,
): Promise<Shortcomings> {
  await withGenerated(options, texts, async (database, run, migrations) => {
    await withoutPublicationsOfAll(database);
    await makeUpRows(database, { without: new Set(["public.confiture_migrations"]), rows: ROWS, inTransaction: false });
    const writers = await KeyWriters.start(database, change);
    const contract = migrations.at(-1);
    let unfilled = new Set(change.tables.map(({ schema, table }) => quoteQualified(schema, table)));
    for (const migration of migrations) {
      const { up } = migration;
      const backfill = backfillOf(up);
      if (backfill !== undefined) {
        await fillInPieces(run, migration, async () => {
          await writers.write(STATEMENTS);
          await writers.check(unfilled);
        });
        const filled = quoteQualified(backfill.table.schema, backfill.table.name);
        unfilled = new Set([...unfilled].filter((table) => table !== filled));
      } else await unchanged(writers, async () => await step(run, migration, "up"));
      await writers.write(STATEMENTS);
      if (migration !== contract) await writers.check(unfilled);
    }
    if (options.noDown) return;
    for (const migration of migrations.toReversed()) {
      await unchanged(writers, async () => await step(run, migration, "down"));
      await writers.write(STATEMENTS);
      if (migration === contract) await writers.check(new Set());
    }
  });
  return {};
}

async function unchanged(writers: KeyWriters, work: () => Promise<void>): Promise<void> {
  const before = await writers.look();
  await work();
  const after = await writers.look();
  const [gone] = before.filter((line) => !after.includes(line));
  const [come] = after.filter((line) => !before.includes(line));
  if (gone === undefined && come === undefined) return;
  throw new ConfitureError(
    "generate_refused",
    `Tried with rows, a migration changes what the application finds: ${come ?? "nothing"} instead of ${gone ?? "nothing"}`,
    { hint: "Nothing was written. Write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows." },
  );
}
