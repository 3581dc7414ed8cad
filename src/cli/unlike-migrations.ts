import type { Change } from "#compare/catalogue/changes.ts";
import type { Clock } from "#compare/contained/clock.ts";
import type { Database } from "#database/database.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { readHistory } from "#migrate/status.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { editedEntries, recordedIn } from "./contained.ts";

/** Watches whether anything is made or changed in a database. */
export async function watchUnlike(database: Database): Promise<{ readonly hasChanged: () => Promise<boolean> }> {
  const { fingerprints } = await import("#compare/catalogue/fingerprint.ts");
  const take = await fingerprints(database);
  const before = await take();
  return { hasChanged: async () => (await take()) !== before };
}

/**
 * What a build has brought to a database that held something already, and no migration makes. The history is read now; base and migrations
 * are run by what comes back, as they are compared without the database.
 * @returns what gives undefined where nobody can tell
 */
export async function unlikeLater(
  context: CommandContext,
  migrating: MigrateOptions,
  database: Database,
  ledger: Ledger,
  clock: Clock,
): Promise<() => Promise<readonly Change[] | undefined>> {
  const [history, files, { unlikeInSchema }] = await Promise.all([
    readHistory(database, ledger, migrating),
    filesBeside(context, {}, migrating.target),
    import("#compare/contained/unlike.ts"),
  ]);
  if (editedEntries(history).length > 0) return async () => undefined;
  return async () => {
    context.step("Comparing the schema files with the migrations");
    return await unlikeInSchema({ ...files, recorded: recordedIn(history), clock });
  };
}
