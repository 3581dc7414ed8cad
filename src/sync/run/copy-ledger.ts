import type { Database } from "#database/database.ts";
import { createLedger } from "#migrate/ledger/change.ts";
import { allLedgers } from "#migrate/ledger/find.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import { transfer } from "./stream.ts";

/** Texts of migrations, which may hold anything: no rule sees into them. */
const TEXTS = ["source", "source_down"];
/** Roles that applied migrations are people in many a place, and their names addresses. */
const ROLE = "applied_by";
const ANOTHER_ROLE = "(not copied)";

/**
 * Copies the ledger, so that `migrate status` says of the copy what it says of the source. Texts that it keeps stay behind, and who
 * applied each migration.
 * @param look the same session as `reader`, for questions to the catalogue outside its transaction
 * @param setting the ledger's name in the project
 * @returns the names of what was copied, with how many rows
 */
export async function copyLedgers(
  look: Database,
  reader: () => Promise<Database>,
  writer: Database,
  setting: string,
): Promise<{ readonly table: string; readonly rows: number }[]> {
  const copied: { table: string; rows: number }[] = [];
  for (const { schema, table, exists } of await allLedgers(look, setting)) {
    if (!exists) continue;
    await writer.execute(`create schema if not exists ${quoteIdentifier(schema)}`);
    await createLedger(writer, { schema, table, exists: false, keeps: "any" });
    const source = await reader();
    const there = new Set(await columnsOf(writer, schema, table));
    const columns = (await columnsOf(source, schema, table)).filter((name) => there.has(name) && !TEXTS.includes(name));
    const values = columns.map((column) => (column === ROLE ? quoteLiteral(ANOTHER_ROLE) : quoteIdentifier(column)));
    const name = quoteQualified(schema, table);
    const { rowsWritten } = await transfer({
      source,
      target: writer,
      read: `COPY (SELECT ${values.join(", ")} FROM ${name}) TO STDOUT`,
      write: `COPY ${name} (${columns.map(quoteIdentifier).join(", ")}) FROM STDIN`,
      table: reportedName(schema, table),
      onBytes: () => {},
    });
    copied.push({ table: reportedName(schema, table), rows: rowsWritten });
  }
  return copied;
}

async function columnsOf(database: Database, schema: string, table: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `select a.attname::pg_catalog.text as name from pg_catalog.pg_attribute a
       join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.attrelid
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where n.nspname operator(pg_catalog.=) $1 and c.relname operator(pg_catalog.=) $2 and a.attnum operator(pg_catalog.>) 0
        and not a.attisdropped and a.attgenerated operator(pg_catalog.=) ''
      order by a.attnum`,
    [schema, table],
  );
  return rows.map(({ name }) => name);
}
