import type { LoadedMigration } from "#migrate/files/body.ts";
import { ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";

/** Migrations whose changes a database has, and had taken back. */
export interface TakenBack {
  readonly held: readonly LoadedMigration[];
}

/**
 * Takes back, newest first, the migrations whose changes a database holds: those that it does not hold find nothing to
 * take away. What is left is what there was before the first of them.
 * @throws ConfitureError `base_refused` where one of those that it holds has no way back
 */
export async function takeBack(run: ScratchRun, migrations: readonly LoadedMigration[]): Promise<TakenBack> {
  const held: LoadedMigration[] = [];
  let before = await run.fingerprint();
  for (const migration of migrations.toReversed()) {
    if (migration.down === undefined) {
      if (held.length > 0) throw cannot(migration, "has no way back");
      continue;
    }
    await run.record(migration);
    const error = await run.step(migration, "down");
    const after = await run.fingerprint();
    if (error === undefined && after !== before) {
      held.unshift(migration);
      before = after;
      continue;
    }
    if (error === undefined) continue;
    if (held.length > 0 || after !== before) throw cannot(migration, `does not roll back: ${error.message}`, error);
    await run.forget(migration);
  }
  return { held };
}

function cannot({ file }: LoadedMigration, why: string, cause?: ConfitureError): ConfitureError {
  return new ConfitureError("base_refused", `What there was before ${migrationId(file)} is not known: it ${why}`, {
    hint: FROM_BEFORE,
    location: cause?.location ?? { file: file.path },
    server: cause?.server,
    cause,
  });
}

/** What helps where the source holds more than it should. */
export const FROM_BEFORE =
  "Nothing was written. Name what there was before the first migration: --from git:REVISION (the schema files of a commit), env:NAME (a database) or a snapshot.";
