import { inside, loadParser, type Node, type NodeOf, strings } from "#sql/parser.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * Which of these statements, run in this order, are an UPDATE that takes no value away: every column that it sets is made by
 * one of the statements before, or is asked to be NULL by its WHERE. In doubt it is none.
 * @param earlier what has run before them, of the change that they are a part of
 */
export async function fillsOnly(
  own: readonly Statement[],
  earlier: readonly Statement[] = [],
): Promise<ReadonlySet<Statement>> {
  const statements = [...earlier, ...own];
  const fills = new Set<Statement>();
  if (!own.some(({ firstWord }) => firstWord === "UPDATE")) return fills;
  const parser = await loadParser();
  const made = new Set<string>();
  // The same name may mean another table then.
  const isSure = !statements.some(({ text }) => CHANGES_PATH.test(text));
  for (const statement of statements) {
    if (statement.firstWord === "ALTER" && statement.words[1] === "TABLE") {
      const node = parser.parse(statement.text);
      // What is renamed, moved or dropped may leave its name to something that has values.
      if (mayMoveNames(node)) made.clear();
      if (isSure) for (const column of addedColumns(node)) made.add(column);
    } else if (statement.firstWord === "UPDATE") {
      const update = inside(parser.parse(statement.text), "UpdateStmt");
      if (update !== undefined && isFill(update, made)) fills.add(statement);
    }
  }
  return fills;
}

/** What decides in which schemas names without one are looked up; the role may be a part of it ("$user"). */
const CHANGES_PATH = /\bsearch_path\b|\bset\s+(?:(?:local|session)\s+)?(?:schema|role|session\s+authorization)\b/i;

function mayMoveNames(node: Node | undefined): boolean {
  const alter = inside(node, "AlterTableStmt");
  if (alter === undefined) return true;
  return (alter.cmds ?? []).some((one) => inside(one, "AlterTableCmd")?.subtype === "AT_DropColumn");
}

function addedColumns(node: Node | undefined): string[] {
  const alter = inside(node, "AlterTableStmt");
  const table = tableOf(alter?.relation);
  if (table === undefined) return [];
  return (alter?.cmds ?? []).flatMap((one) => {
    const command = inside(one, "AlterTableCmd");
    // IF NOT EXISTS may find one that has values.
    if (command?.subtype !== "AT_AddColumn" || command.missing_ok === true) return [];
    const name = inside(command.def, "ColumnDef")?.colname;
    return name === undefined ? [] : [key(table, name)];
  });
}

function isFill(update: NodeOf<"UpdateStmt">, made: ReadonlySet<string>): boolean {
  const table = tableOf(update.relation);
  const targets = (update.targetList ?? []).map((target) => inside(target, "ResTarget"));
  if (table === undefined || update.withClause !== undefined || targets.length === 0) return false;
  const alias = update.relation?.alias?.aliasname ?? update.relation?.relname;
  const hasOthers = (update.fromClause ?? []).length > 0;
  const empty = nullColumns(update.whereClause, (names) =>
    names.length === 2 ? names[0] === alias : names.length === 1 && !hasOthers,
  );
  return targets.every((target) => {
    if (target?.name === undefined || (target.indirection ?? []).length > 0) return false;
    return empty.has(target.name) || made.has(key(table, target.name));
  });
}

/** Columns of which a condition demands that they are NULL. */
function nullColumns(condition: Node | undefined, isOwn: (names: readonly string[]) => boolean): Set<string> {
  const all = inside(condition, "BoolExpr");
  if (all?.boolop === "AND_EXPR") return new Set((all.args ?? []).flatMap((one) => [...nullColumns(one, isOwn)]));
  const test = inside(condition, "NullTest");
  if (test?.nulltesttype !== "IS_NULL") return new Set();
  const fields = inside(test.arg, "ColumnRef")?.fields ?? [];
  const names = strings(fields);
  return names.length === fields.length && isOwn(names) ? new Set(names.slice(-1)) : new Set();
}

function tableOf(relation: NodeOf<"UpdateStmt">["relation"]): string | undefined {
  if (relation?.relname === undefined) return undefined;
  return JSON.stringify([relation.schemaname ?? null, relation.relname]);
}

function key(table: string, column: string): string {
  return JSON.stringify([table, column]);
}
