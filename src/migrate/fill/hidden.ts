import type { Database } from "#database/database.ts";
import { placeIn } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { quoteLiteral, type QualifiedName, quoteQualified, writeQualified } from "#sql/quote.ts";
import { backfillOf, type LoadedMigration, textOfWay } from "../files/body.ts";
import { REFUSED } from "./statement.ts";

/** What may change whom policies hold for, and for which table. */
const MAY_LIFT = /\brow\s+level\s+security\b|\bowner\s+to\b|\bbypassrls\b|\brename\b/i;

/**
 * Refuses backfills of tables of which policies hide rows, before the migrations in front of them run, unless one of these may change
 * that. Each is looked at once more when its turn comes.
 * @throws ConfitureError `backfill_refused`
 */
export async function refuseHiddenFills(database: Database, migrations: readonly LoadedMigration[]): Promise<void> {
  if (!migrations.some(({ up }) => backfillOf(up) !== undefined)) return;
  for (const migration of migrations) {
    const { up } = migration;
    const backfill = backfillOf(up);
    if (backfill === undefined || up.kind !== "sql") {
      if (MAY_LIFT.test(textOfWay(up, migration))) return;
      continue;
    }
    const [found] = await database.query<{ is_hidden: boolean; is_owned: boolean }>(
      `select pg_catalog.row_security_active(c.oid) as is_hidden, pg_catalog.pg_has_role(c.relowner, 'USAGE') as is_owned
         from pg_catalog.pg_class c where c.oid operator(pg_catalog.=) pg_catalog.to_regclass(${quoteLiteral(quoteQualified(backfill.table.schema, backfill.table.name))})`,
    );
    if (found?.is_hidden !== true) continue;
    throw hiddenFrom(backfill.table, found.is_owned, placeIn(up.script, up.script.statements[0]?.start ?? 0));
  }
}

/** @param isOwned by the role that runs it: then policies hold for the owner as well */
export function hiddenFrom({ schema, name }: QualifiedName, isOwned: boolean, location: Location): ConfitureError {
  const table = writeQualified(schema, name);
  return new ConfitureError(
    REFUSED,
    `Row-level security hides rows of ${table} from this role, and they would not be filled`,
    {
      location,
      hint: isOwned
        ? `This role owns the table, and its policies hold for the owner as well (FORCE ROW LEVEL SECURITY). Run it as a role with BYPASSRLS.\n` +
          `Or write ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY; into a migration before it, and ALTER TABLE ${table} FORCE ROW LEVEL SECURITY; into one behind it.`
        : "Run it as a role that sees all rows: one with BYPASSRLS, or the table's owner unless policies hold for that one as well (FORCE ROW LEVEL SECURITY).",
    },
  );
}
