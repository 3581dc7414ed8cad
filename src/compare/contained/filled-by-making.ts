import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import { type ColumnDef, inside, loadParser, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";

/** A column, as a migration names it. */
interface NamedColumn {
  readonly table: RangeVar;
  readonly column: string;
  /** Whether the rows that are there get a value; all of them have NULL otherwise. */
  readonly isFilled: boolean;
}

/** What migrations make in a way that the rows which are there decide. */
interface Made {
  /** Whether a table is made of the rows of a query, or once more in the place of one that goes with its rows. */
  readonly isOfRows: boolean;
  readonly columns: readonly NamedColumn[];
}

const FORMS = /\btable\b[^]*\b(?:as|add|drop)\b|\binto\b|\bdefault\b/i;

/**
 * Whether a migration gives values to rows of a database, or takes some from them, by making objects that look the same without: a
 * table of the rows of a query, a column with a default, or something in the place of what it drops. Of columns, those count
 * whose rows do not look like it.
 * @throws ConfitureError `interrupted`
 */
export async function fillsByMaking(
  migration: LoadedMigration,
  database: Database,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const made = await madeBy(migration, signal);
  if (made.isOfRows) return true;
  for (const column of made.columns) if (await isOtherwise(database, column)) return true;
  return false;
}

async function madeBy(migration: LoadedMigration, signal: AbortSignal | undefined): Promise<Made> {
  const source = migration.up.kind === "sql" ? migration.up.script.text : (migration.kept.source ?? "");
  if (!FORMS.test(source)) return { isOfRows: false, columns: [] };
  const up = migration.up.kind === "typescript" ? (await codeAsSql(migration, signal))?.up : migration.up;
  // Code that asks the database is one whose rows are not compared already.
  if (up?.kind !== "sql") return { isOfRows: false, columns: [] };
  const parser = await loadParser();
  const columns: NamedColumn[] = [];
  const dropped = new Set<string>();
  let isOfRows = false;
  for (const { text } of up.script.statements) {
    const node = parser.parse(text);
    if (node === undefined) continue;
    const relation = inside(node, "CreateStmt")?.relation;
    isOfRows ||= isMadeOfRows(node) || (relation !== undefined && dropped.has(nameOf(relation)));
    for (const name of droppedBy(node)) dropped.add(name);
    columns.push(...addedTo(node, dropped));
  }
  return { isOfRows, columns };
}

function isMadeOfRows(node: Node): boolean {
  const made = inside(node, "CreateTableAsStmt");
  const into = inside(node, "SelectStmt")?.intoClause;
  const target = made?.into?.rel ?? into?.rel;
  if (target === undefined || target.relpersistence === "t" || made?.objtype === "OBJECT_MATVIEW") return false;
  return into !== undefined || made?.into?.skipData !== true;
}

/** Tables, and columns as "schema.table.column". */
function droppedBy(node: Node): string[] {
  const drop = inside(node, "DropStmt");
  const tables = (drop?.removeType === "OBJECT_TABLE" ? (drop.objects ?? []) : []).flatMap((object) =>
    strings(inside(object, "List")?.items).slice(-1),
  );
  const alter = inside(node, "AlterTableStmt");
  const columns = (alter?.cmds ?? []).flatMap((entry) => {
    const command = inside(entry, "AlterTableCmd");
    if (command?.subtype !== "AT_DropColumn" || command.name === undefined || alter?.relation === undefined) return [];
    return [`${nameOf(alter.relation)}.${command.name}`];
  });
  return [...tables, ...columns];
}

function addedTo(node: Node, dropped: ReadonlySet<string>): NamedColumn[] {
  const alter = inside(node, "AlterTableStmt");
  const table = alter?.relation;
  if (table === undefined || alter?.objtype !== "OBJECT_TABLE") return [];
  return (alter.cmds ?? []).flatMap((entry): NamedColumn[] => {
    const command = inside(entry, "AlterTableCmd");
    const definition = command?.subtype === "AT_AddColumn" ? inside(command.def, "ColumnDef") : undefined;
    const column = definition?.colname;
    if (definition === undefined || column === undefined) return [];
    const isFilled = hasDefault(definition);
    return isFilled || dropped.has(`${nameOf(table)}.${column}`) ? [{ table, column, isFilled }] : [];
  });
}

function hasDefault({ constraints = [] }: ColumnDef): boolean {
  return constraints.some((node) => {
    const constraint = inside(node, "Constraint");
    if (constraint?.contype !== "CONSTR_DEFAULT") return false;
    const constant = inside(constraint.raw_expr, "A_Const");
    return constant?.isnull !== true;
  });
}

function nameOf({ relname = "" }: RangeVar): string {
  return relname;
}

/**
 * Whether some row of a database does not have what the migration gave it. What is not there under this name tells nothing, and no row
 * has to be read where the column is NOT NULL.
 */
async function isOtherwise(database: Database, { table, column, isFilled }: NamedColumn): Promise<boolean> {
  const { schemaname, relname = "" } = table;
  const name = schemaname === undefined ? quoteIdentifier(relname) : quoteQualified(schemaname, relname);
  const [there] = await database.query<{ name: string }>(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p') and a.attname = $2 and not a.attisdropped
        and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
        and not ($3 and a.attnotnull)`,
    [name, column, isFilled],
  );
  if (there === undefined) return false;
  const [row] = await queryCatalogue<{ other: boolean }>(
    database,
    `select exists (select from ${there.name} where ${quoteIdentifier(column)} is ${isFilled ? "" : "not "}null) as other`,
  );
  return row?.other === true;
}
