import type { Database } from "#database/database.ts";
import { ConfitureError, type ServerReport } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { ROW, type Samples } from "./row-samples.ts";

/**
 * Lets the triggers fire that are kept from it while releases write, for rows that are updated, inserted and deleted; all of that
 * is rolled back.
 * @param own columns that the release of the moment writes, quoted
 * @returns errors about columns that are not there; what triggers have against made-up rows is no matter of the change
 */
export async function columnsMissedByTriggers(
  database: Database,
  { table, kept, triggers }: Samples,
  own: readonly string[],
): Promise<ServerReport[]> {
  if (triggers.length === 0) return [];
  const fire = `set constraints all immediate; alter table ${table} ${triggers.map((name) => `enable trigger ${quoteIdentifier(name)}`).join(", ")}`;
  const set = (columns: readonly string[]): string => columns.map((column) => `${column} = ${column}`).join(", ");
  const columns = [ROW, ...kept, ...own].join(", ");
  const writes = [
    `${fire}; update ${table} set ${set([ROW, ...own])}`,
    ...(kept.length === 0 ? [] : [`${fire}; update ${table} set ${set(kept)}`]),
    `create temp table confiture_moved on commit drop as select ${columns} from ${table} limit 1;
     delete from ${table} where ${ROW} in (select ${ROW} from confiture_moved); ${fire};
     insert into ${table} (${columns}) overriding system value select ${columns} from confiture_moved`,
    `${fire}; delete from ${table}`,
  ];
  const missed: ServerReport[] = [];
  for (const sql of writes) {
    try {
      await database.execute(`begin; ${sql}; set constraints all immediate`);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
      if (error.server.sqlstate === UNDEFINED_COLUMN) missed.push(error.server);
    } finally {
      await database.execute("rollback");
    }
  }
  return missed;
}

/** undefined_column, also of a record in PL/pgSQL */
const UNDEFINED_COLUMN = "42703";
