import type { ObjectId } from "../../engine/object-id.ts";
import { inside, offsetOfByte } from "#sql/parser.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { type CommandText, commandsOn } from "../commands.ts";
import type { SchemaTree } from "../schema-tree.ts";
import { columnOfCommand } from "../../sources/readings.ts";
import { isSame, type Subject, wholeOf } from "../../sources/subjects.ts";
import type { Planned, Work } from "./edit.ts";

/** Whether everything that a statement makes is in the files as it has to be: it was only in the way of something. */
export function isUnchanged({ makes }: Planned, { from, to }: Work): boolean {
  return makes.length > 0 && makes.every((id) => isAlike(id, from, to));
}

function isAlike(id: ObjectId, from: Work["from"], to: Work["to"]): boolean {
  return from.has(id) && to.has(id) && from.hashOf(id) === to.hashOf(id);
}

/** Whether a statement takes away what there is again at the end. */
export function comesBack({ removes }: Planned, { to }: Work): boolean {
  return removes.length > 0 && removes.every((id) => to.has(id));
}

/** Commands of the files that are about a column. */
export function commandsOf(tree: SchemaTree, column: Subject): CommandText[] {
  return commandsOn(tree, wholeOf(column)).filter(({ item }) => columnOfCommand(item.command) === column.name);
}

/** The last command of the files that is one of these, for a column. */
export function alterationOf(tree: SchemaTree, column: Subject, subtypes: readonly string[]): CommandText | undefined {
  return commandsOf(tree, column).findLast(({ item }) => subtypes.includes(item.command.subtype ?? ""));
}

/** What a planned ALTER TABLE says of its column or constraint: from a byte of it to its end. */
export function restOf({ sql }: Planned, location: number): string {
  return sql.slice(offsetOfByte(sql, location)).trim();
}

/** The part of a planned statement behind a word at its outermost level; undefined where it is not there. */
export function behindWord(sql: string, word: string): string | undefined {
  const token = tokensOf(sql).find((each) => each.depth === 0 && each.text.toUpperCase() === word);
  return token === undefined ? undefined : sql.slice(token.end).trim();
}

/** The table of an ALTER TABLE, and its column. */
export function columnOf({ command, reading }: Planned): { table: Subject; column: Subject } | undefined {
  const table = reading?.about.find(({ kind }) => kind === "relation");
  const name = command?.name ?? inside(command?.def, "ColumnDef")?.colname;
  if (table === undefined || name === undefined) return undefined;
  return { table, column: { kind: "column", schema: table.schema, of: table.name, name } };
}

/** Whether a later statement of the plan has this command for the same column. */
export function followedBy(planned: Planned, { plan }: Work, subtype: string): boolean {
  const own = columnOf(planned)?.column;
  return plan.slice(plan.indexOf(planned) + 1).some((later) => {
    const column = later.command?.subtype === subtype ? columnOf(later)?.column : undefined;
    return column !== undefined && own !== undefined && isSame(column, own);
  });
}
