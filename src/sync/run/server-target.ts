import type { Database, OpenOptions } from "#database/database.ts";
import { openDatabase, withDatabase } from "#database/open.ts";
import { refuseTransactionPooling } from "#database/pooling.ts";
import type { ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { PreparedTarget } from "./prepared-target.ts";
import { requireDroppable, readTraits } from "./database-traits.ts";
import { lockTarget } from "./lock-target.ts";
import { dropLeftovers, createBeside } from "./database-beside.ts";
import { NewDatabase } from "./new-database.ts";
import { inPlace } from "./target-in-place.ts";

/** Every server has it unless someone dropped it. */
const MAINTENANCE_DATABASE = "postgres";

/**
 * Makes room for the copy: a new database beside the old one where the role may, the old one emptied otherwise.
 * @throws ConfitureError `connect_*`, `lock_held`, `sync_target_failed`
 */
export async function prepareServer(target: ServerTarget, options: OpenOptions): Promise<PreparedTarget> {
  const old = await withDatabase(target, options, async (database) => {
    await refuseTransactionPooling(target, database, options.signal);
    return await readTraits(database);
  });
  if (!old.may_create) return await inPlace(target, options);
  requireDroppable(target.database, old);
  if (target.database === MAINTENANCE_DATABASE) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The target is the database "${MAINTENANCE_DATABASE}", from which others are renamed: nothing can take its place`,
      { hint: "Make a database of its own for the copy. Nothing was changed." },
    );
  }
  // Interrupted, a session cancels what it runs next; this one has to remove what was begun.
  const { signal: _, ...lasting } = options;
  const maintenance = await openDatabase({ ...target, database: MAINTENANCE_DATABASE }, lasting);
  let holder: Database | undefined;
  try {
    await lockTarget(maintenance, target.database, options);
    // Advisory locks are of one database: a role that fills the target in place has its lock there.
    holder = await openDatabase(target, options);
    await lockTarget(holder, target.database, options);
    const removed = await dropLeftovers(maintenance, target.database);
    const name = await createBeside(maintenance, target.database, old);
    return new NewDatabase(target, options, { maintenance, holder }, name, old, removed);
  } catch (error) {
    await Promise.all([maintenance.close(), holder?.close()]);
    throw error;
  }
}
