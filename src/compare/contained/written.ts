import type { LoadedMigration } from "#migrate/files/body.ts";
import { inside, loadParser, type Node, type Parser, strings } from "#sql/parser.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * Columns, "table.column" or "table.*", to which migrations give values of their own; "*.column" where nobody knows of which
 * table; and "table.()" for a table that they bring rows to. Numbers that a sequence would give count in a comparison where they
 * are written, and where other rows that are brought refer to them.
 */
export type Written = ReadonlySet<string>;

/** Longer statements are told by their words. */
const LIMIT = 200_000;

/** Values that are others each time. */
const VOLATILE =
  /\b(?:now|random|\w*uuid\w*|\w*timestamp|timeofday|nextval|current_\w+|localtime|txid_current)\b|\bdefault\b/i;

/** Which columns these migrations write, as far as their statements say so; code may write any that it speaks of. */
export async function writtenColumns(migrations: readonly LoadedMigration[]): Promise<Written> {
  const written = new Set<string>();
  for (const { up, kept } of migrations) {
    if (up.kind !== "sql") {
      addCode(kept.source ?? "", written);
      continue;
    }
    for (const statement of up.script.statements) {
      // Most projects' migrations write no rows: the parser is not loaded for these.
      if (/\b(?:update|insert|merge|copy)\b/i.test(statement.text)) addWritten(statement, await loadParser(), written);
    }
  }
  return written;
}

/** Whether a column of a table is one of them. Pure. */
export function isWritten(written: Written, table: string, column: string): boolean {
  return written.has(`${table}.${column}`) || written.has(`${table}.*`) || written.has(`*.${column}`);
}

/**
 * Whether the numbers of a column count that a sequence would give.
 * @param referring the names of tables whose foreign keys refer to the column
 */
export function isNumberCounted(
  written: Written,
  table: string,
  column: string,
  referring: readonly string[],
): boolean {
  return isWritten(written, table, column) || referring.some((other) => written.has(`${other}.()`));
}

function addWritten(statement: Statement, parser: Parser, written: Set<string>): void {
  const { firstWord, text } = statement;
  if (firstWord === "DO" || firstWord === "CREATE") {
    if (firstWord === "DO") addCode(text, written);
    return;
  }
  if (text.length <= LIMIT) return visit(parser.parse(text), written);
  if (firstWord !== "INSERT" || VOLATILE.test(text)) return;
  // The tree of what stands before the values.
  const head = /^[^]*?\bvalues\b/i.exec(text.slice(0, LIMIT))?.[0];
  if (head !== undefined) visit(parser.parse(`${head} (NULL)`), written);
}

function addCode(code: string, written: Set<string>): void {
  const [updates, inserts] = [/\bupdate\b/i.test(code), /\binsert\b/i.test(code)];
  for (const [name] of updates || inserts ? code.matchAll(/[a-z_][\w$]*/gi) : []) {
    const word = name.toLowerCase();
    if (updates) written.add(`*.${word}`);
    if (inserts) written.add(`${word}.()`);
  }
}

/** Looks for what writes, also below WITH. */
function visit(value: unknown, written: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  const node = value as Node;
  const update = inside(node, "UpdateStmt");
  if (update !== undefined) addTargets(update.relation?.relname, update.targetList, written);
  const insert = inside(node, "InsertStmt");
  const table = insert?.relation?.relname;
  if (insert !== undefined && table !== undefined) {
    written.add(`${table}.()`);
    addTargets(table, insert.onConflictClause?.targetList, written);
    const rows = inside(insert.selectStmt, "SelectStmt")?.valuesLists ?? [];
    const columns = (insert.cols ?? []).map((column) => inside(column, "ResTarget")?.name ?? "");
    addValues(table, columns, rows, written);
    // Values hold no statement that writes.
    return visit(insert.withClause, written);
  }
  const merge = inside(node, "MergeStmt");
  for (const clause of merge?.mergeWhenClauses ?? []) {
    addTargets(merge?.relation?.relname, inside(clause, "MergeWhenClause")?.targetList, written);
  }
  const copy = inside(node, "CopyStmt");
  if (copy?.is_from === true && copy.relation !== undefined) written.add(`${copy.relation.relname ?? ""}.()`);
  for (const column of strings(copy?.attlist)) written.add(`${copy?.relation?.relname ?? ""}.${column}`);
  for (const child of Object.values(value)) visit(child, written);
}

function addTargets(table: string | undefined, targets: readonly Node[] | undefined, written: Set<string>): void {
  for (const target of targets ?? []) {
    const { name, val } = inside(target, "ResTarget") ?? {};
    if (table !== undefined && name !== undefined && (val === undefined || !("SetToDefault" in val))) {
      written.add(`${table}.${name}`);
    }
  }
}

/** Columns to which an INSERT gives constants. */
function addValues(table: string, columns: readonly string[], rows: readonly Node[], written: Set<string>): void {
  const lists = rows.map((row) => inside(row, "List")?.items ?? []);
  if (lists.length === 0) return;
  if (columns.length === 0) {
    if (lists.every((items) => items.every(isConstant))) written.add(`${table}.*`);
    return;
  }
  for (const [at, column] of columns.entries()) {
    if (lists.every((items) => isConstant(items[at]))) written.add(`${table}.${column}`);
  }
}

function isConstant(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if ("A_Const" in node) return true;
  const cast = inside(node, "TypeCast");
  return cast !== undefined && isConstant(cast.arg);
}
