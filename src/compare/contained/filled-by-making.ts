import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { type LoadedMigration, textOfWay } from "#migrate/files/body.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import { type ColumnDef, inside, loadParser, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { alterations } from "#sql/alterations.ts";
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
  /** Whether a table or column takes the place of one that goes with its rows or values. */
  readonly isAgain: boolean;
  readonly columns: readonly NamedColumn[];
}

const NOTHING: Made = { isOfRows: false, isAgain: false, columns: [] };

const FORMS = /\b(?:table|schema|type)\b[^]*\b(?:as|add|drop|rename|cascade|set\s+schema)\b|\binto\b|\bdrop\s/i;

/**
 * Whether a migration gives values to rows of a database, or takes some from them, by making objects that look the same without: a
 * table of the rows of a query, a column with a default, or something in the place of what it drops. Of columns, those count
 * whose rows do not look like it.
 * @param domains the names of those that have a default
 * @throws ConfitureError `interrupted`
 */
export async function fillsByMaking(
  migration: LoadedMigration,
  database: Database,
  { domains, signal }: { readonly domains: ReadonlySet<string>; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const made = await madeBy(migration, domains, signal);
  if (made.isOfRows) return true;
  for (const column of made.columns) if (await isOtherwise(database, column)) return true;
  return false;
}

/**
 * Whether a migration makes a table or column in the place of what it drops with its rows or values: what it leaves looks the same without.
 * @throws ConfitureError `interrupted`
 */
export async function makesAgain(migration: LoadedMigration, signal: AbortSignal | undefined): Promise<boolean> {
  return (await madeBy(migration, new Set(), signal)).isAgain;
}

async function madeBy(
  migration: LoadedMigration,
  domains: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<Made> {
  if (!FORMS.test(textOfWay(migration.up, migration))) return NOTHING;
  const up = migration.up.kind === "typescript" ? (await codeAsSql(migration, signal))?.up : migration.up;
  // Code that asks the database is one whose rows are not compared already.
  if (up?.kind !== "sql") return NOTHING;
  const parser = await loadParser();
  const columns: NamedColumn[] = [];
  const left = new Left();
  let isOfRows = false;
  let isAgain = false;
  for (const { text } of up.script.statements) {
    const node = parser.parse(text);
    if (node === undefined) continue;
    const isTaken = left.isTakenBy(node);
    isOfRows ||= isMadeOfRows(node) || isTaken;
    isAgain ||= isTaken || addsAgain(node, left);
    columns.push(...addedTo(node, left, domains));
    left.note(node);
  }
  return { isOfRows, isAgain, columns };
}

/** Names of tables and columns that a migration has left behind so far: what takes one of them has other rows. */
class Left {
  /** A table by its name, a column as "table.column". */
  readonly #names = new Set<string>();
  /** Whether something went with all that belongs to it. */
  #hasCascaded = false;

  note(node: Node): void {
    const drop = inside(node, "DropStmt");
    const isOf = drop?.removeType;
    if (isOf === "OBJECT_TABLE") for (const name of (drop?.objects ?? []).flatMap(lastName)) this.#names.add(name);
    if (drop?.behavior === "DROP_CASCADE") this.#hasCascaded = true;
    const rename = inside(node, "RenameStmt");
    if (rename?.renameType === "OBJECT_SCHEMA") this.#hasCascaded = true;
    const renamed = renamedBy(node);
    if (renamed !== undefined) this.#names.add(renamed.from);
    const moved = inside(node, "AlterObjectSchemaStmt");
    if (moved?.relation !== undefined) this.#names.add(nameOf(moved.relation));
    for (const { table, command } of alterations(node, "AT_DropColumn"))
      this.#names.add(`${nameOf(table)}.${command.name ?? ""}`);
  }

  isTakenBy(node: Node): boolean {
    const made = inside(node, "CreateStmt")?.relation;
    const renamed = renamedBy(node);
    if (made !== undefined && (this.#hasCascaded || this.#names.has(nameOf(made)))) return true;
    return renamed !== undefined && this.#names.has(renamed.to);
  }

  hasColumn(table: RangeVar, column: string): boolean {
    return this.#hasCascaded || this.#names.has(`${nameOf(table)}.${column}`);
  }
}

function addsAgain(node: Node, left: Left): boolean {
  return alterations(node, "AT_AddColumn").some(({ table, command }) =>
    left.hasColumn(table, inside(command.def, "ColumnDef")?.colname ?? ""),
  );
}

/** What ALTER ... RENAME does to the name of a table or column. */
function renamedBy(node: Node): { readonly from: string; readonly to: string } | undefined {
  const { renameType, relation, subname = "", newname = "" } = inside(node, "RenameStmt") ?? {};
  if (relation === undefined) return undefined;
  if (renameType === "OBJECT_TABLE") return { from: nameOf(relation), to: newname };
  if (renameType !== "OBJECT_COLUMN") return undefined;
  return { from: `${nameOf(relation)}.${subname}`, to: `${nameOf(relation)}.${newname}` };
}

function lastName(object: Node): string[] {
  return strings(inside(object, "List")?.items).slice(-1);
}

function isMadeOfRows(node: Node): boolean {
  const made = inside(node, "CreateTableAsStmt");
  const into = inside(node, "SelectStmt")?.intoClause;
  const target = made?.into?.rel ?? into?.rel;
  if (target === undefined || target.relpersistence === "t" || made?.objtype === "OBJECT_MATVIEW") return false;
  return into !== undefined || made?.into?.skipData !== true;
}

function addedTo(node: Node, left: Left, domains: ReadonlySet<string>): NamedColumn[] {
  return alterations(node, "AT_AddColumn").flatMap(({ table, command }): NamedColumn[] => {
    const definition = inside(command.def, "ColumnDef");
    const column = definition?.colname;
    if (definition === undefined || column === undefined) return [];
    const type = strings(definition.typeName?.names).at(-1);
    const isFilled = hasDefault(definition) || (type !== undefined && domains.has(type));
    return isFilled || left.hasColumn(table, column) ? [{ table, column, isFilled }] : [];
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
 * Whether some row of a database does not have what the migration gave it; also where that cannot be looked at, as a later migration has
 * given the column another name, the session has another search_path, or policies hide rows. No row has to be read where the
 * column is NOT NULL.
 */
async function isOtherwise(database: Database, { table, column, isFilled }: NamedColumn): Promise<boolean> {
  const { schemaname, relname = "" } = table;
  const name = schemaname === undefined ? quoteIdentifier(relname) : quoteQualified(schemaname, relname);
  const [there] = await database.query<{ name: string; required: boolean; readable: boolean }>(
    `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, a.attnotnull as required,
            pg_catalog.has_column_privilege(c.oid, a.attnum, 'select') and not pg_catalog.row_security_active(c.oid) as readable
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p') and a.attname = $2 and not a.attisdropped`,
    [name, column],
  );
  if (there === undefined) return true;
  if (there.required) return !isFilled;
  if (!there.readable) return true;
  const [row] = await queryCatalogue<{ other: boolean }>(
    database,
    `select exists (select from ${there.name} where ${quoteIdentifier(column)} is ${isFilled ? "" : "not "}null) as other`,
  );
  return row?.other === true;
}
