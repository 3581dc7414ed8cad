import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteQualified } from "#sql/quote.ts";
import type { ForeignHistory, ForeignTable } from "./layouts/layout.ts";
import { isOtherTable, keyIn } from "./layouts/read-history.ts";
import { HISTORIES } from "./layouts/registry.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import { importedKey } from "./origin.ts";
import { canonicalVersion, compareVersions } from "./version.ts";

/** A migration without a row in a ledger that another tool says it has applied. */
export interface UnreadHistory {
  /** Keys of `HISTORIES`; several tools may have tables of one form. */
  readonly tools: readonly string[];
  readonly table: string;
  readonly migration: MigrationFile;
}

/**
 * Looks for the history of another tool that holds one of these migrations, in a database without a ledger: applying it
 * would run it a second time.
 * @throws ConfitureError `adoption_refused` where that history is unfinished
 */
export async function findUnreadHistory(
  database: Database,
  files: readonly MigrationFile[],
  projectDir: string,
): Promise<UnreadHistory | undefined> {
  let found: UnreadHistory | undefined;
  for (const { table, name } of await tablesOfTools(database)) {
    for (const [tool, definition] of Object.entries(HISTORIES)) {
      if (!definition.tables.some((candidate) => parseQualifiedName(candidate)?.name === name)) continue;
      const history = await readIfIts(database, definition, table);
      const migration = history === undefined ? undefined : appliedOf(history, definition, files, projectDir);
      if (migration === undefined || (found !== undefined && found.table !== table)) continue;
      found = { tools: [...(found?.tools ?? []), tool], table, migration };
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is said of it, with the way on. */
export function unreadHistory({ tools, table, migration }: UnreadHistory): ConfitureError {
  return new ConfitureError(
    "adoption_refused",
    `Another tool has applied migrations here: ${migrationId(migration)} is in ${table}, and there is no ledger yet`,
    {
      hint: `Take its history over, so that nothing runs twice: ${tools.map((tool) => `confiture migrate baseline --from ${tool}`).join(" or ")}`,
      location: { file: migration.path },
      data: { tools, table, version: migration.version },
    },
  );
}

async function tablesOfTools(database: Database): Promise<{ table: string; name: string }[]> {
  const names = Object.values(HISTORIES)
    .flatMap(({ tables }) => tables)
    .flatMap((table) => parseQualifiedName(table)?.name ?? []);
  const rows = await queryCatalogue<{ schema: string; name: string }>(
    database,
    `select n.nspname::text as schema, c.relname::text as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relname = any (string_to_array($1, ',')) and c.relkind in ('r', 'p') and n.nspname !~ '^pg_temp'
        and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
      order by 1, 2`,
    [[...new Set(names)].join(",")],
  );
  return rows.map(({ schema, name }) => ({ table: quoteQualified(schema, name), name }));
}

async function readIfIts(
  database: Database,
  definition: ForeignTable,
  table: string,
): Promise<ForeignHistory | undefined> {
  try {
    return await definition.read(database, table);
  } catch (error) {
    if (isOtherTable(error)) return undefined;
    throw error;
  }
}

function appliedOf(
  history: ForeignHistory,
  definition: ForeignTable,
  files: readonly MigrationFile[],
  projectDir: string,
): MigrationFile | undefined {
  if (history.kind === "through") {
    const { version } = history;
    return version === undefined ? undefined : files.find((file) => compareVersions(file.version, version) <= 0);
  }
  const keys = new Set(history.records.map(({ key }) => canonicalVersion(key)));
  const { baseline } = history;
  return files.find((file) => {
    const key = keyIn(definition, file, importedKey(projectDir, file));
    return keys.has(canonicalVersion(key)) || (baseline !== undefined && compareVersions(file.version, baseline) <= 0);
  });
}
