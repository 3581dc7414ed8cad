import type { Database } from "#database/database.ts";
import type { Sequence } from "#database/sequences.ts";
import { ConfitureError } from "#errors/error.ts";
import { afterthought, endLeftOpen, type LeftOpenBodies } from "../files/afterthought.ts";
import type { Direction } from "../events.ts";
import type { MigrateOptions } from "../exclusive.ts";
import { explainFailure, throwIfInterrupted, wasKept } from "./failure.ts";
import { AllLeftOpen } from "../guest/left-open.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { refuseOverInvalid } from "./invalid-in-way.ts";
import { tellRecreated } from "../warnings/recreated.ts";
import { checkSubscribed } from "../warnings/subscribed.ts";
import { backfillOf, bodyOf, type LoadedMigration } from "../files/body.ts";
import { inOneTransaction } from "./in-transaction.ts";
import { placesBefore, withMovedSince } from "./sequence-places.ts";
import { runOptionsOf } from "./session.ts";
import type { RunReport } from "./report.ts";

/** @throws ConfitureError `migration_not_transactional` */
export function requireTransactional(migration: LoadedMigration): void {
  const { file } = migration;
  const body = bodyOf(migration, "up");
  const hasOwn = body.kind === "sql" && body.opening !== undefined;
  const isFill = backfillOf(body) !== undefined;
  const isContract = body.kind === "sql" && body.marks?.phase === "contract";
  if (body.transactional && !hasOwn && !isFill && !isContract) return;
  throw new ConfitureError(
    "migration_not_transactional",
    hasOwn
      ? `${file.path} says how its transaction is to be, so it cannot share one`
      : isFill
        ? `${file.path} is a backfill, whose batches have transactions of their own`
        : isContract
          ? `${file.path} is a contract, before which what is committed is checked`
          : `${file.path} runs outside a transaction, so it cannot share one`,
    { location: { file: file.path }, hint: "Leave --single-transaction out, or stop before it with --to." },
  );
}

/** All in one transaction. What is shown as done is committed. */
export async function runTogether(
  database: Database,
  ledger: Ledger,
  migrations: readonly LoadedMigration[],
  options: MigrateOptions,
): Promise<RunReport> {
  const direction: Direction = "up";
  const durations: number[] = [];
  let current = migrations[0]!;
  options.onEvent?.({ type: "planned", migrations: migrations.map(({ file }) => file) });
  await tellRecreated(database, migrations, direction, options);
  using leftOpen: LeftOpenBodies = new AllLeftOpen();
  let places: readonly Sequence[] = [];
  try {
    places = await placesBefore(database, migrations, direction);
    for (const migration of migrations) {
      current = migration;
      await checkSubscribed(database, migration, runOptionsOf(options, ledger));
    }
    await inOneTransaction(database, { ...runOptionsOf(options, ledger), leftOpen }, async (transaction) => {
      for (const migration of migrations) {
        current = migration;
        throwIfInterrupted(options.signal);
        options.onEvent?.({ type: "started", direction, migration: migration.file });
        const started = performance.now();
        if (migration.up.kind === "sql") {
          await refuseOverInvalid(database, migration.up.script, migration.up.script.statements);
        }
        await transaction.run(migration);
        durations.push(performance.now() - started);
      }
      const late = await afterthought(leftOpen, false);
      if (late !== undefined) throw late;
      return current;
    });
  } catch (cause) {
    const failure = await explainFailure(cause, current, direction, options, database, migrations);
    const error = await withMovedSince(database, places, failure);
    const results = migrations.map(({ file }) => ({
      migration: file,
      direction,
      outcome: wasKept(error) ? ("done" as const) : file === current.file ? ("failed" as const) : ("not-run" as const),
    }));
    return { results, error };
  }
  const results = migrations.map(({ file }, index) => {
    const duration = durations[index] ?? 0;
    options.onEvent?.({ type: "finished", direction, migration: file, duration });
    return { migration: file, direction, outcome: "done" as const, duration };
  });
  return { results, error: await endLeftOpen(leftOpen, options) };
}
