import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";
import { openOptions } from "./database-options.ts";
import { count } from "./output/text.ts";

/** `--no-ledger` of what changes a database without a migration. */
export const NO_LEDGER_ARG = {
  "no-ledger": { type: "boolean", description: "also where there are migrations; their ledger stays as it is" },
} as const;

/**
 * Refuses to change a database without a migration where migrations keep it, or where files of migrations are there.
 * @param command what was called, and takes `--no-ledger`: "confiture apply"
 * @throws ConfitureError `apply_refused`
 */
export async function refuseMigrations(
  context: CommandContext,
  { target, migrations }: Config,
  { projectDir }: ProjectFiles,
  command: string,
): Promise<void> {
  const [{ discoverMigrations }, { lookForLedger }, { readLedger }, { withDatabase }, { isUnmade }] = await Promise.all(
    [
      import("#migrate/files/discover.ts"),
      import("#migrate/ledger/find.ts"),
      import("#migrate/ledger/read.ts"),
      import("#database/open.ts"),
      import("#migrate/status.ts"),
    ],
  );
  const { base, migrations: files } = discoverMigrations(projectDir, migrations.dir, migrations.layout);
  const refuse = (why: string, ways: readonly string[] = []): ConfitureError =>
    new ConfitureError("apply_refused", `${why}; no migration would have the changes that \`${command}\` makes`, {
      hint: [
        "Write a migration for what changed in the schema files: confiture migrate generate NAME",
        "Then: confiture migrate up",
        ...ways,
        `To change the database without a migration, and leave its ledger as it is: ${command} --no-ledger`,
      ].join("\n"),
    });
  if (files.length > 0) throw refuse(`${migrations.dir} holds ${count(files.length, "migration")}`);
  if (base !== undefined) {
    throw refuse(`${base.path} is there, so this project is to have migrations`, [
      `For a prototype that is to have none: remove ${base.path}, then run \`${command}\` again`,
    ]);
  }
  if (isUnmade(target)) return;
  const rows = await withDatabase(target, openOptions(context), async (database) => {
    const ledger = await lookForLedger(database, migrations.table);
    return ledger?.exists === true ? (await readLedger(database, ledger)).length : 0;
  });
  if (rows > 0) throw refuse(`The database has ${count(rows, "migration")} in its ledger`);
}
