import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import type { ForeignHistory, ForeignTable } from "./layout.ts";
import { looksLike, type TableLooks } from "./history-tables.ts";
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
  throw await noTable(database, tool, names);
}

/** Says what was looked for, where, what is there of other tools, and how to go on. */
async function noTable(database: Database, tool: string, names: readonly string[]): Promise<ConfitureError> {
  const [row] = await queryCatalogue<{ name: string }>(database, "select current_database()::text as name");
  const place = database.engine === "server" ? `the database "${row?.name}"` : "the embedded database";
  const tables = await tablesOfTools(database);
  const others = Object.entries(HISTORIES).flatMap(([other, definition]) => {
    const its = other === tool ? undefined : tables.find((table) => looksLike(definition, table));
    return its === undefined
      ? []
      : [`  ${its.schema}.${its.name} is here, as ${other} makes it: confiture migrate baseline --from ${other}`];
  });
  const usual = HISTORIES[tool]?.tables.join(" or ");
  return new ConfitureError(
    "adoption_refused",
    `There is no table ${names.join(" or ")} in ${place}, so there is no history of ${tool} to take over`,
    {
      hint: [
        `${tool} keeps its history in ${usual}. Nothing was recorded. Next, one of:`,
        ...others,
        `  ${tool} has run in another database: name that one with --env or --database-url`,
        `  its table has another name: confiture migrate baseline --from ${tool} --from-table SCHEMA.TABLE`,
        `  ${tool} has run nothing here: confiture migrate up`,
        "  the database has what the migrations make, and no record of it: confiture migrate baseline --proven",
      ].join("\n"),
      data: { tool, tables: names, database: row?.name ?? null },
    },
  );
}

/** A table that may be another tool's history by its name. */
export interface NamedLikeHistory extends TableLooks {
  /** Quoted. */
  readonly table: string;
  /** Who is connected. */
  readonly role: string;
  /** What its owner has to run first, where that role may not read it. */
  readonly grants: readonly string[];
}

/**
 * Tables that may be other tools' histories by their names: that they are there is known of those, too, that may not be read.
 * @param more names that they have in this project
 */
export async function tablesOfTools(database: Database, more: readonly string[] = []): Promise<NamedLikeHistory[]> {
  const names = [...Object.values(HISTORIES).flatMap(({ tables }) => tables), ...more].flatMap(
    (table) => parseQualifiedName(table)?.name ?? [],
  );
  const rows = await queryCatalogue<TableLooks & { mayUse: boolean; mayRead: boolean; role: string }>(
    database,
    `select n.nspname::text as schema, c.relname::text as name, current_user::text as role,
            has_schema_privilege(n.oid, 'usage') as "mayUse", has_table_privilege(c.oid, 'select') as "mayRead",
            (select json_agg(a.attname) from pg_attribute a
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relname = any (string_to_array($1, ',')) and c.relkind in ('r', 'p') and n.nspname !~ '^pg_temp'
      order by 1, 2`,
    [[...new Set(names)].join(",")],
  );
  return rows.map(({ schema, name, columns, mayUse, mayRead, role }) => {
    const table = quoteQualified(schema, name);
    const to = `TO ${quoteIdentifier(role)}`;
    const grants = [
      ...(mayUse ? [] : [`GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} ${to};`]),
      ...(mayRead ? [] : [`GRANT SELECT ON ${table} ${to};`]),
    ];
    return { schema, name, columns, table, role, grants };
  });
}
