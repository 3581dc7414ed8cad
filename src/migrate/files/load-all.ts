import type { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { backfillOf, type Body, bodyOf, lazyMigration, type LoadedMigration } from "./body.ts";
import type { Direction } from "../events.ts";
import type { MigrateOptions } from "../exclusive.ts";
import { readFillStatement } from "../fill/statement.ts";
import { loadMigration } from "./load.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { importMigrations } from "./typescript.ts";
import { canonicalVersion } from "./version.ts";

/** Reads all of them, and requires that each can go the way asked, before any of them runs. */
export async function loadAll(
  files: readonly MigrationFile[],
  direction: Direction,
  options: MigrateOptions,
): Promise<LoadedMigration[]> {
  const loaded: LoadedMigration[] = [];
  const code = files.filter(({ form }) => form === "typescript");
  const imported = code.length === 0 ? undefined : await importTogether(code, options);
  for (const file of files) {
    const migration = await loadMigration(options.projectDir, file, options.signal, imported);
    const before = direction === "up" ? loaded.at(-1) : undefined;
    if (file.form === "foreign" && before !== undefined) throw runnableBefore(migration, before.file);
    if (!waitsForItsTurn(migration[direction], direction)) tellEmpty(migration, direction, options);
    const backfill = direction === "up" ? backfillOf(migration.up) : undefined;
    if (backfill !== undefined && migration.up.kind === "sql") await readFillStatement(migration.up.script, backfill);
    loaded.push(migration);
  }
  return loaded;
}

async function importTogether(
  files: readonly MigrationFile[],
  { projectDir, signal }: MigrateOptions,
): ReturnType<typeof importMigrations> {
  const { importMigrations: importAll } = await import("./typescript.ts");
  return await importAll(projectDir, files, signal);
}

/** Why a program of another tool cannot run, with what can be run before it. */
function runnableBefore({ up: body }: LoadedMigration, { version }: MigrationFile): ConfitureError {
  if (body.kind !== "refused") throw new Error("a program that can run here");
  const { error } = body;
  return error.with({
    hint: `What comes before it can run: confiture migrate up --to ${shellWord(version)}\n${error.hint ?? ""}`,
  });
}

/** Own transaction control that cannot run here stops only its own migration: those before it are none the worse. */
function waitsForItsTurn(body: Body | undefined, direction: Direction): boolean {
  return direction === "up" && body?.kind === "refused" && body.error.code === "sql_transaction_control";
}

/**
 * Tells of a way that runs nothing.
 * @throws ConfitureError as `bodyOf`, `migration_empty` among them
 */
export function tellEmpty(migration: LoadedMigration, direction: Direction, { onEvent }: MigrateOptions): void {
  const body = bodyOf(migration, direction);
  if (body.kind !== "sql" || body.script.statements.length > 0) return;
  onEvent?.({ type: "empty", migration: migration.file, direction });
}

/** The ledger knows a version as it was written when applied; "1" may be "001" today. */
export function withRecordedVersions(
  loaded: readonly LoadedMigration[],
  applied: readonly { readonly row: { readonly version: string; readonly name: string } }[],
): LoadedMigration[] {
  return loaded.map((migration, index) => {
    const { row } = applied[index] ?? {};
    const version = row?.version ?? migration.file.version;
    // One that was imported since had both version and name of another form.
    const isSame = canonicalVersion(version) === canonicalVersion(migration.file.version);
    const file = { ...migration.file, version, name: isSame ? migration.file.name : (row?.name ?? "") };
    return lazyMigration(
      file,
      migration,
      () => migration.up,
      () => migration.down,
    );
  });
}
