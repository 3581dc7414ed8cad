import { named } from "#compare/catalogue/changes.ts";
import { isThereAlready } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { describeMoved, movedSince, withMoved } from "#database/moved-sequences.ts";
import type { Sequence } from "#database/sequences.ts";
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

/** A build that has failed and is rolled back. */
export interface FailedBuild {
  readonly error: unknown;
  readonly migrating: MigrateOptions;
  readonly database: Database;
  readonly ledger: Ledger;
  readonly proof: Containment;
  /** Whether migrations keep the database, or are to. */
  readonly byMigrations: boolean;
  /** Where its sequences were before; empty where nothing was rolled back. */
  readonly places: readonly Sequence[];
}

/**
 * What became of a build that met what is there already: nothing is to be done in a database that holds all that the schema
 * files make, whatever else is in it.
 * @throws ConfitureError `build_over` where something is lacking or different there, or the error itself where it is another
 */
export async function acceptBuilt(context: CommandContext, build: FailedBuild): Promise<void> {
  const moved = await movedSince(build.database, build.places);
  try {
    await requireAll(context, build);
  } catch (error) {
    throw error instanceof ConfitureError ? withMoved(error, moved) : error;
  }
  if (moved.length > 0) context.messages.warn(describeMoved(moved));
}

async function requireAll(
  context: CommandContext,
  { error, migrating, database, ledger, proof, byMigrations }: FailedBuild,
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
