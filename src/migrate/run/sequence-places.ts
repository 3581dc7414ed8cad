import type { Database } from "#database/database.ts";
import { movedSince, withMoved } from "#database/moved-sequences.ts";
import { type Sequence, sequences } from "#database/sequences.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { Direction } from "../events.ts";
import { type LoadedMigration, textOfWay } from "../files/body.ts";

/** Where sequences are before migrations of which one may set some; empty before others, which are not made to wait for that. */
export async function placesBefore(
  database: Database,
  migrations: readonly LoadedMigration[],
  direction: Direction,
): Promise<readonly Sequence[]> {
  return migrations.some((migration) => maySetSequences(migration, direction)) ? await sequences(database) : [];
}

/** Whether what it sets would have to be taken back by hand. */
export function maySetSequences(migration: LoadedMigration, direction: Direction): boolean {
  const body = migration[direction];
  if (body === undefined || body.kind === "refused" || !body.transactional) return false;
  return /\bsetval\b/i.test(textOfWay(body, migration));
}

/** The error of such migrations, which are rolled back, with what became of sequences. */
export async function withMovedSince(
  database: Database,
  places: readonly Sequence[],
  error: ConfitureError,
): Promise<ConfitureError> {
  return withMoved(error, await movedSince(database, places));
}
