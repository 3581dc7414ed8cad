import { isThereAlready } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { isEmptyDatabase } from "#migrate/base.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { upCommand } from "#migrate/history.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { readHistory } from "#migrate/status.ts";
import type { CommandContext } from "./command.ts";
import { type Containment, openEntries, withMigrations } from "./contained.ts";
import { lackingOfSchema, renderLacking } from "./lacking-of-schema.ts";

/**
 * What became of a build that met what is there already: nothing is to be done in a database that holds all that the schema
 * files make, whatever else is in it. The failed build has been rolled back.
 * @throws ConfitureError `build_over` where something is lacking or different there, or the error itself where it is another
 */
export async function acceptBuilt(
  context: CommandContext,
  migrating: MigrateOptions,
  proof: Containment,
  database: Database,
  ledger: Ledger,
  error: unknown,
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
          : "`confiture drift --against schema --sql` prints the SQL that makes it what the schema files make. `confiture migrate generate NAME` writes the migration for what is new in them.",
        "To start from nothing, without what it holds: confiture build --fresh",
      ].join("\n"),
      data: { lacking: lacking.map(({ kind, name }) => `${kind} ${name}`) },
    },
  );
}
