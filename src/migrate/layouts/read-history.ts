import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteQualified } from "#sql/quote.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import type { ForeignHistory, ForeignTable } from "./layout.ts";
import { HISTORIES } from "./registry.ts";

/**
 * What a history calls a migration.
 * @param imported what the file says of that itself, see `importedKey`
 */
export function keyIn(definition: ForeignTable | undefined, file: MigrationFile, imported: string | undefined): string {
  return imported ?? file.key ?? definition?.keyOf?.(file) ?? file.version;
}

/** undefined_column, undefined_function: a table of that name, but another tool's. */
const OTHER_TABLE: ReadonlySet<string> = new Set(["42703", "42883"]);

/** Whether a table could not be read as a history because it is another tool's. */
export function isOtherTable(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && OTHER_TABLE.has(error.server?.sqlstate ?? "");
}

/**
 * Reads another tool's history.
 * @param tool a key of `HISTORIES`
 * @param tableName its table, where that is not where the tool puts it
 * @throws ConfitureError `adoption_refused`
 */
export async function readForeignHistory(
  database: Database,
  tool: string,
  tableName: string | undefined,
): Promise<{ readonly history: ForeignHistory; readonly definition: ForeignTable }> {
  const definition = HISTORIES[tool];
  if (definition === undefined) throw new ConfitureError("internal", `unknown tool ${tool}`);
  const table = await findTable(database, tool, tableName === undefined ? definition.tables : [tableName]);
  try {
    return { definition, history: await definition.read(database, table) };
  } catch (error) {
    if (!isOtherTable(error)) throw error;
    throw new ConfitureError("adoption_refused", `${table} is not a history of ${tool}: ${error.server?.message}`, {
      hint: "Name the table with --from-table, or another tool with --from.",
    });
  }
}

async function findTable(database: Database, tool: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const parsed = parseQualifiedName(name);
    if (parsed === undefined) throw new ConfitureError("usage", `--from-table is a table's name, not "${name}"`);
    const found = await queryCatalogue<{ schema: string }>(
      database,
      `select n.nspname::text as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relname = $1 and c.relkind in ('r', 'p') and ($2::text is null or n.nspname = $2) and n.nspname !~ '^pg_temp'`,
      [parsed.name, parsed.schema ?? null],
    );
    if (found.length > 1) {
      throw new ConfitureError("adoption_refused", `There are several tables "${parsed.name}"`, {
        hint: `Say which: ${found.map(({ schema }) => `--from-table ${schema}.${parsed.name}`).join(" or ")}`,
      });
    }
    if (found[0] !== undefined) return quoteQualified(found[0].schema, parsed.name);
  }
  throw new ConfitureError("adoption_refused", `There is no table ${names.join(" or ")} in this database`, {
    hint: `That is where ${tool} keeps its history. If yours is elsewhere: --from-table schema.table`,
  });
}
