import { CATALOGUE_PATH, inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { isOneMessage, messageOf } from "#database/run-script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Body, LoadedMigration } from "#migrate/files/body.ts";
import { CHECK_DEFERRED } from "#migrate/ledger/change.ts";
import { readCatalogueInside } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { defineTheSame } from "../catalogue/same-rows.ts";
import type { RowWatch } from "../catalogue/written-rows.ts";

/** SQL that tries a migration out in one transaction. */
export interface Trial {
  readonly up: string;
  readonly down: string;
  /** Makes the session that of the runner again, before each of them. */
  readonly clean: string;
  /** Records that the migration is applied. */
  readonly record: string;
}

/** The texts of both ways, where each is SQL that can share a message and a transaction with other SQL. */
export function textsOf({ up, down }: LoadedMigration): Pick<Trial, "up" | "down"> | undefined {
  const [there, back] = [textOf(up), textOf(down)];
  return there === undefined || back === undefined ? undefined : { up: there, down: back };
}

function textOf(body: Body | undefined): string | undefined {
  if (body?.kind !== "sql" || !body.transactional || body.opening !== undefined) return undefined;
  const { script } = body;
  const text = script.statements.length > 0 && isOneMessage(script) ? messageOf(script) : undefined;
  // A last statement may end with a comment to the end of its line.
  return text === undefined ? undefined : `${text}\n; ${CHECK_DEFERRED}`;
}

/**
 * Applies a migration, rolls it back, compares with what was there before, and applies it again.
 * @returns whether all of that is right, and the migration is applied. If not, or an error is thrown, an open transaction is all
 *   that is left to take back
 */
export async function thereAndBack(database: Database, watch: RowWatch, trial: Trial): Promise<boolean> {
  const { up, down, clean, record } = trial;
  const before = watch.now();
  const there = database.execute(`begin; ${clean}; ${up}; ${clean}; ${down}; ${clean}; ${CATALOGUE_PATH}`);
  await inOrder([before, there]);
  const since = await before;
  const written = since && (await watch.writtenSince(since));
  if (written === undefined) return false;
  if (written.isNothing) {
    await database.execute(`${clean}; ${up}; ${clean}; ${record}; commit`);
    return true;
  }
  // What was there before can be read when it is there again.
  await database.execute(`${clean}; ${up}; rollback; begin; ${clean}; ${CATALOGUE_PATH}`);
  const rows = await watch.rowsBefore(written);
  if (rows === undefined || !defineTheSame(rows, written.rows)) return false;
  await database.execute(`${clean}; ${up}; ${clean}; ${record}; commit`);
  return true;
}

/**
 * What became of a way back that was tried: whether it leads to the catalogue that was there before, or what it failed with; undefined
 * where it could not be tried.
 */
export type WayBack = "leads-back" | "leads-elsewhere" | ConfitureError | undefined;

/**
 * What a way back meets because it runs in the transaction of the way there: pending triggers, new labels of enums, and what works
 * outside of one alone.
 */
const BECAUSE_TOGETHER: ReadonlySet<string | undefined> = new Set(["55006", "55P04", "25001", "2D000"]);
/** undefined_object: a role may be what is missing, which can be made. */
const MISSING = "42704";

/**
 * Applies a migration, rolls it back and compares with what was there before. Leaves an open transaction, to be taken back.
 * @param prepare what is done before, in the same transaction
 * @throws what keeps the migration from being applied
 */
export async function tryWayBack(
  database: Database,
  watch: RowWatch,
  { up, down, clean }: Omit<Trial, "record">,
  prepare: () => Promise<void>,
): Promise<WayBack> {
  const since = await watch.now();
  await database.execute(`begin; ${clean}`);
  await prepare();
  await database.execute(`${up}; ${clean}`);
  try {
    await database.execute(`${down}; ${clean}; ${CATALOGUE_PATH}`);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
    const sqlstate = error.server?.sqlstate;
    if (sqlstate === MISSING) throw error;
    return BECAUSE_TOGETHER.has(sqlstate) ? undefined : error;
  }
  const written = since && (await watch.writtenSince(since));
  if (written === undefined) return undefined;
  if (written.isNothing) return "leads-back";
  // What was there before can be read when it is there again.
  await database.execute(`rollback; begin; ${clean}; ${CATALOGUE_PATH}`);
  const rows = await watch.rowsBefore(written);
  if (rows === undefined) return undefined;
  if (defineTheSame(rows, written.rows)) return "leads-back";
  // Rows that differ may make the same, as those of a view that is made anew do.
  const should = await readCatalogueInside(database);
  await database.execute(`rollback; begin; ${clean}`);
  await prepare();
  await database.execute(`${up}; ${clean}; ${down}; ${clean}; ${CATALOGUE_PATH}`);
  return compareCatalogues(should, await readCatalogueInside(database)).length === 0 ? "leads-back" : "leads-elsewhere";
}
