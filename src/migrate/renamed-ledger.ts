import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified } from "#sql/quote.ts";
import { factsOf } from "./files/file-facts.ts";
import { type HistoryEntry, joinHistory } from "./history.ts";
import { type Ledger, LEDGER_COMMENT } from "./ledger/ledger.ts";
import { readLedger } from "./ledger/read.ts";

/**
 * Before a ledger is made: refuses when a table beside it, of another name, holds these very migrations. Someone
 * renamed it, or changed `migrations.table`; an empty ledger would have every migration run once more.
 * @throws ConfitureError `ledger_unusable`
 */
export async function refuseRenamedLedger(
  database: Database,
  ledger: Ledger,
  history: readonly HistoryEntry[],
  projectDir: string,
): Promise<void> {
  const candidates = await queryCatalogue<{ table: string }>(
    database,
    `select c.relname::text as "table" from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname <> $2 and c.relkind in ('r', 'p')
        and obj_description(c.oid, 'pg_class') = $3
        and has_table_privilege(c.oid, 'select')`,
    [ledger.schema, ledger.table, LEDGER_COMMENT],
  );
  const files = history.flatMap(({ file }) => file ?? []);
  for (const { table } of candidates) {
    const other: Ledger = { schema: ledger.schema, table, exists: true };
    const same = joinHistory(files, await readLedger(database, other), factsOf(projectDir)).find(
      ({ standing, row }) => standing === "applied" && row?.checksum !== null,
    );
    if (same === undefined) continue;
    const [here, there] = [ledger, other].map(({ schema, table: name }) => quoteQualified(schema, name));
    throw new ConfitureError(
      "ledger_unusable",
      `There is no ledger ${here}, but ${there} holds these migrations: was it renamed?`,
      {
        hint: `Rename it back, or name it in the environment file:\n  migrations:\n    table: ${ledger.schema}.${table}\nIf it is that of another tenant, make this one first: CREATE TABLE ${here} (LIKE ${there} INCLUDING ALL)`,
        data: { ledger: here, found: there, version: same.version },
      },
    );
  }
}
