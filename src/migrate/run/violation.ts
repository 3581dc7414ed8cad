import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { placeIn } from "#database/script.ts";
import { ConfitureError, type ServerReport } from "#errors/error.ts";
import { inside, loadParser, type Node, offsetOfByte, type Parser, strings, type TypeName } from "#sql/parser.ts";
import { quoteIdentifier, writeIdentifier } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import type { SqlBody, Body } from "../files/body.ts";

/** check_violation */
const VIOLATES_CHECK = "23514";

/** numeric_value_out_of_range */
const OUT_OF_RANGE = "22003";

/** The types of which PostgreSQL says no more than "integer out of range". */
const RANGES: Readonly<Record<string, { readonly name: string; readonly from: string; readonly to: string }>> = {
  int2: { name: "smallint", from: "-32768", to: "32767" },
  int4: { name: "integer", from: "-2147483648", to: "2147483647" },
  int8: { name: "bigint", from: "-9223372036854775808", to: "9223372036854775807" },
};

interface TableName {
  readonly schema?: string | undefined;
  readonly name: string;
}

/** Rows that a statement fails on. */
interface Rows {
  readonly table: TableName;
  readonly where: string;
}

/**
 * The query that finds the rows on which a statement failed, where PostgreSQL only says that there is one: a CHECK that they
 * violate, an integer type that their values do not fit into.
 * @param body what failed, after its transaction was rolled back
 * @returns undefined for any other error
 */
export async function hintForRows(
  database: Database,
  error: ConfitureError,
  body: Body | undefined,
): Promise<string | undefined> {
  const { server, location } = error;
  const sql = body?.kind === "sql" ? body : undefined;
  if (server?.sqlstate === VIOLATES_CHECK) {
    const rows = (await unvalidatedRows(database, server)) ?? (sql && (await checkedRows(database, server, sql)));
    return rows && `Put the rows right that violate ${quoteIdentifier(server.constraint ?? "")}${found(error, rows)}`;
  }
  if (server?.sqlstate !== OUT_OF_RANGE || sql === undefined) return undefined;
  const parser = await loadParser();
  const failed = sql.script.statements.filter(({ start }) => placeIn(sql.script, start).line === location?.line);
  for (const statement of failed) {
    const columns = narrowed(parser, statement);
    const [first] = columns;
    if (first === undefined) continue;
    const conditions = columns.map(({ table, column, type }) => {
      const { from, to } = RANGES[type]!;
      return `${writeIdentifier(nameBefore(parser, sql, table, column))} NOT BETWEEN ${from} AND ${to}`;
    });
    const rows = { table: first.table, where: conditions.join(" OR ") };
    const types = [...new Set(columns.map(({ type }) => RANGES[type]!.name))].join(" or ");
    if (await finds(database, rows))
      return `Change or delete the rows with a value outside the range of ${types}${found(error, rows)}`;
  }
  return undefined;
}

/** @param error the record of one that stopped half way says how to go on */
function found({ data }: ConfitureError, rows: Rows): string {
  const again = data?.["statementsDone"] === undefined ? ", then run the command again" : "";
  return `${again}. They are found by: ${queryOf(rows)};`;
}

function queryOf({ table: { schema, name }, where }: Rows): string {
  const table = schema === undefined ? writeIdentifier(name) : `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
  return `SELECT * FROM ${table} WHERE ${where}`;
}

/** Whether the database can run the query, which may name what was rolled back. Does not wait for a table that others have locked. */
async function finds(database: Database, rows: Rows): Promise<boolean> {
  await database.execute("begin read only; set local lock_timeout = '1s'");
  try {
    await database.query(`explain ${queryOf(rows)}`);
    return true;
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "sql_failed") return false;
    throw error;
  } finally {
    await rollback(database);
  }
}

/** Those that keep a constraint of the database from being validated. */
async function unvalidatedRows(database: Database, server: ServerReport): Promise<Rows | undefined> {
  const { schema, table, constraint } = server;
  if (schema === undefined || table === undefined || constraint === undefined) return undefined;
  const [row] = await queryCatalogue<{ condition: string }>(
    database,
    `select pg_get_expr(k.conbin, k.conrelid) as condition
       from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and k.conname = $3 and k.contype = 'c' and not k.convalidated`,
    [schema, table, constraint],
  );
  return row && { table: { schema, name: table }, where: `NOT (${row.condition})` };
}

/** Those that violate a CHECK that was rolled back, by the text that was to make it. */
async function checkedRows(database: Database, server: ServerReport, { script }: SqlBody): Promise<Rows | undefined> {
  const { schema, table: name, constraint } = server;
  if (schema === undefined || name === undefined) return undefined;
  const parser = await loadParser();
  const checks = script.statements.flatMap((statement) => checksAdded(parser, statement, name));
  const own = checks.find((check) => check.name === constraint);
  const [only] = checks.filter((check) => check.name === undefined);
  const condition = (own ?? only)?.condition;
  if (condition === undefined) return undefined;
  const rows = { table: { schema, name }, where: `NOT (${condition})` };
  return (await finds(database, rows)) ? rows : undefined;
}

interface AddedCheck {
  /** Undefined where PostgreSQL finds one. */
  readonly name: string | undefined;
  /** As written, without the parentheses around it. */
  readonly condition: string;
}

/** The CHECKs that an ALTER TABLE adds to a table. */
function checksAdded(parser: Parser, statement: Statement, table: string): AddedCheck[] {
  if (statement.firstWord !== "ALTER" || statement.words[1] !== "TABLE") return [];
  const { text } = statement;
  const alter = inside(parser.parse(text), "AlterTableStmt");
  if (alter?.relation?.relname !== table) return [];
  return (alter.cmds ?? []).flatMap((command) => {
    const constraint = inside(inside(command, "AlterTableCmd")?.def, "Constraint");
    if (constraint?.contype !== "CONSTR_CHECK") return [];
    const tokens = tokensOf(text, offsetOfByte(text, constraint.location ?? 0));
    const check = tokens.findIndex((token) => isWord(token, "CHECK"));
    const open = tokens[check + 1];
    const close = tokens.find((token, index) => index > check + 1 && token.text === ")" && token.depth === open?.depth);
    if (open === undefined || close === undefined) return [];
    return [{ name: constraint.conname, condition: text.slice(open.end, close.start).trim() }];
  });
}

/** A column whose values a statement brings into an integer type. */
interface Narrowed {
  readonly table: TableName;
  /** The one that is read. */
  readonly column: string;
  /** A key of RANGES. */
  readonly type: string;
}

function narrowed(parser: Parser, { text }: Statement): Narrowed[] {
  const node = parser.parse(text);
  const of = (relation: { schemaname?: string; relname?: string } | undefined, column: string, type?: TypeName) => {
    const name = strings(type?.names).at(-1) ?? "";
    if (relation?.relname === undefined || !Object.hasOwn(RANGES, name)) return [];
    return [{ table: { schema: relation.schemaname, name: relation.relname }, column, type: name }];
  };
  const update = inside(node, "UpdateStmt");
  const alter = inside(node, "AlterTableStmt");
  return [
    ...(update?.targetList ?? []).flatMap((target) => {
      const cast = inside(inside(target, "ResTarget")?.val, "TypeCast");
      const column = columnIn(cast?.arg);
      return column === undefined ? [] : of(update?.relation, column, cast?.typeName);
    }),
    ...(alter?.cmds ?? []).flatMap((one) => {
      const command = inside(one, "AlterTableCmd");
      if (command?.subtype !== "AT_AlterColumnType") return [];
      return of(alter?.relation, command.name ?? "", inside(command.def, "ColumnDef")?.typeName);
    }),
  ];
}

function columnIn(node: Node | undefined): string | undefined {
  return strings(inside(node, "ColumnRef")?.fields).at(-1);
}

/** What a column was called before the statements of a transaction that is rolled back. */
function nameBefore(parser: Parser, { script, transactional }: SqlBody, table: TableName, column: string): string {
  if (!transactional) return column;
  for (const { firstWord, text } of script.statements) {
    const rename = firstWord === "ALTER" ? inside(parser.parse(text), "RenameStmt") : undefined;
    if (rename?.renameType !== "OBJECT_COLUMN" || rename.newname !== column) continue;
    if (rename.relation?.relname === table.name && rename.subname !== undefined) return rename.subname;
  }
  return column;
}
