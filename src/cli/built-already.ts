import { named } from "#compare/catalogue/changes.ts";
import { isThereAlready } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import { isEmptyDatabase } from "#migrate/base.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { upCommand } from "#migrate/history.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { readHistory } from "#migrate/status.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { type Containment, openEntries, withMigrations } from "./contained.ts";
import { AS_MIGRATED, lackingOfSchema, renderLacking, TERMS, waysOn, WITHOUT_MIGRATIONS } from "./lacking-of-schema.ts";

/**
 * What became of a build that met what is there already: nothing is to be done in a database that holds all that the schema
 * files make, whatever else is in it. The failed build has been rolled back.
 * @param byMigrations whether migrations keep the database, or are to
 * @throws ConfitureError `build_over` where something is lacking or different there, or the error itself where it is another
 */
export async function acceptBuilt(
  context: CommandContext,
  migrating: MigrateOptions,
  proof: Containment,
  database: Database,
  ledger: Ledger,
  error: unknown,
  byMigrations: boolean,
): Promise<void> {
  if (!(error instanceof ConfitureError) || !isThereAlready(error)) throw error;
  if (await isEmptyDatabase(database, ledger)) throw error;
  const compare = await lackingOfSchema(context, migrating, database);
  const lacking = await compare();
  if (lacking.length === 0) return;
  const history = await readHistory(database, ledger, migrating);
  throw new ConfitureError(
    "build_over",
    `The database holds some of what the schema files make, and a build would not bring it the rest ${renderLacking(lacking)}`,
    {
      hint: [
        "Nothing was done.",
        openEntries(history).length > 0
          ? withMigrations(await proof.bringing(database, ledger, lacking), upCommand(history))
          : byMigrations
            ? await waysToAgree(context, migrating, database, history.length > 0)
            : waysOn(WITHOUT_MIGRATIONS),
        "To start from nothing, without what it holds: confiture build --fresh",
      ].join("\n"),
      data: { lacking: lacking.map(({ kind, name }) => `${kind} ${name}`) },
    },
  );
}

/** What is to be done where every migration is recorded, and database and schema files differ. */
async function waysToAgree(
  context: CommandContext,
  { target, table }: MigrateOptions,
  database: Database,
  hasMigrations: boolean,
): Promise<string> {
  const others =
    "`confiture migrate generate NAME` writes the migration for what is new in them. `confiture drift --against schema --sql` prints the SQL that makes it what the schema files make.";
  if (!hasMigrations) return others;
  const [{ isAsMigrated }, { readInUse }] = await Promise.all([
    import("#compare/drift.ts"),
    import("#compare/sources/sources.ts"),
  ]);
  const files = await filesBeside(context, {}, target);
  const isIgnored = named((await context.config()).drift.ignore);
  context.step("Looking whether it is what its migrations make");
  try {
    if (await isAsMigrated(files, await readInUse(database, table), { terms: TERMS, isIgnored }))
      return `N${AS_MIGRATED.slice(1)}.`;
  } catch (error) {
    // What cannot be found out stops nothing: the ways on are said all the same.
    asFailure(error);
  }
  return `${others} \`confiture schema update\` brings what migrations did into them.`;
}
