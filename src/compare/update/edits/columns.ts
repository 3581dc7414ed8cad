import type { ColumnDef } from "libpg-query";
import { addElement, readColumn, readTable, type TableText } from "../create-table.ts";
import { removeCommand, removeGrantedColumn } from "../commands.ts";
import { lineStart, removeSentence } from "../lines.ts";
import { removeItem } from "../lists.ts";
import { inside, offsetOfByte } from "#sql/parser.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import { SERIALS } from "../../plan/serials.ts";
import type { SchemaTree } from "../schema-tree.ts";
import { type Subject, keyOf } from "../../sources/subjects.ts";
import { alterationOf, columnOf, comesBack, commandsOf, isUnchanged, restOf } from "./lookups.ts";
import { edited, type EditKind, NOTHING, type Planned, type Work } from "./edit.ts";

/** Columns that come, go, or change their types. */
export const columns: EditKind = {
  edit(planned, work) {
    const named = columnOf(planned);
    if (named === undefined) return undefined;
    switch (planned.command?.subtype) {
      case "AT_AddColumn":
        return add(planned, work, named.table, named.column);
      case "AT_DropColumn":
        return drop(planned, work, named.table, named.column);
      case "AT_AlterColumnType":
        return retype(planned, work, named.table, named.column);
      default:
        return undefined;
    }
  },
};

function add(planned: Planned, work: Work, table: Subject, column: Subject): ReturnType<EditKind["edit"]> {
  const { tree, wording } = work;
  if (isUnchanged(planned, work)) return NOTHING;
  const text = readTable(tree, table);
  const definition = inside(planned.command?.def, "ColumnDef");
  if (text === undefined || definition === undefined) return undefined;
  const { file } = text.sentence;
  const sql = wording?.column(column) ?? definitionText(planned, definition, work);
  const there = text.items.find(({ node }) => inside(node, "ColumnDef")?.colname === column.name);
  if (there !== undefined) {
    tree.splice(file, there.start, there.end, sql);
    return edited(file);
  }
  addElement(tree, text, aligned(tree, text, sql), "column");
  return edited(file);
}

/** The column as the planner defines it, in the tree's style. */
function definitionText(planned: Planned, { location = 0, typeName }: ColumnDef, { style }: Work): string {
  const whole = restOf(planned, location);
  const at = offsetOfByte(whole, (typeName?.location ?? location) - location);
  const tokens = tokensOf(whole, at);
  const clause = tokens.find(({ depth, text }) => depth === 0 && CLAUSES.has(text.toUpperCase()));
  const end = tokens.findLast((token) => token.end <= (clause?.start ?? whole.length))?.end ?? whole.length;
  const rest = style.part(whole.slice(end));
  return `${style.part(whole.slice(0, at))}${style.type(whole.slice(at, end))}${rest}`.trim();
}

/** What can follow the type of a column. */
const CLAUSES: ReadonlySet<string> = new Set(["COLLATE", "NOT", "NULL", "DEFAULT", "GENERATED", "CONSTRAINT", "CHECK"]);

/** With its type below those of the others, where these stand in one column. */
function aligned(tree: SchemaTree, table: TableText, sql: string): string {
  const text = tree.text(table.sentence.file);
  const offsets = new Set<number>();
  let widths = 0;
  for (const element of table.items) {
    const column = readColumn(tree, table, inside(element.node, "ColumnDef")?.colname ?? "");
    if (column === undefined) continue;
    const line = lineStart(text, element.start);
    if (text.slice(line, element.start).trim() !== "") return sql;
    offsets.add(column.type.start - element.start);
    if (column.type.start - column.name.end > 1) widths++;
  }
  const [offset] = offsets;
  if (offsets.size !== 1 || offset === undefined || widths === 0) return sql;
  const name = tokensOf(sql)[0];
  if (name === undefined || name.end >= offset) return sql;
  return sql.slice(0, name.end).padEnd(offset) + sql.slice(name.end).trimStart();
}

function drop(planned: Planned, work: Work, table: Subject, column: Subject): ReturnType<EditKind["edit"]> {
  const { tree } = work;
  if (comesBack(planned, work)) return NOTHING;
  const text = readTable(tree, table);
  const element = text?.items.find(({ node }) => inside(node, "ColumnDef")?.colname === column.name);
  const addition = alterationOf(tree, column, ["AT_AddColumn"]);
  const file = element === undefined ? addition?.list.sentence.file : text?.sentence.file;
  if (file === undefined) return undefined;
  if (text !== undefined && element !== undefined) removeItem(tree, text, element);
  for (;;) {
    const [command] = commandsOf(tree, column);
    if (command === undefined) break;
    removeCommand(tree, command);
  }
  for (;;) {
    const own = tree.about(column).find(({ reading }) => keyOf(reading!.about[0]!) === keyOf(column));
    if (own !== undefined) removeSentence(tree, own);
    else if (!tree.about(table).some((sentence) => removeGrantedColumn(tree, sentence, table, column.name)))
      return edited(file);
  }
}

export const SERIAL = /^(small|big)?serial[248]?$/i;

function retype(planned: Planned, work: Work, table: Subject, column: Subject): ReturnType<EditKind["edit"]> {
  const { tree, style } = work;
  const definition = inside(planned.command?.def, "ColumnDef");
  const text = readTable(tree, table);
  const found = text === undefined ? undefined : readColumn(tree, text, column.name);
  if (definition?.typeName?.location === undefined || text === undefined || found === undefined) return undefined;
  if (alterationOf(tree, column, ["AT_AlterColumnType"]) !== undefined) return undefined;
  const { file } = text.sentence;
  const whole = restOf(planned, definition.typeName.location);
  const tokens = tokensOf(whole);
  const using = tokens.find((token) => token.depth === 0 && isWord(token, "USING"));
  const collate = tokens.find((token) => token.depth === 0 && isWord(token, "COLLATE"));
  const end = using?.start ?? whole.length;
  if (collate !== undefined && collate.start < end) return undefined;
  const type = whole.slice(0, end).trim();
  const old = tree.text(file).slice(found.type.start, found.type.end);
  if (SERIAL.test(old)) {
    const serial = SERIALS[type];
    if (serial === undefined) return undefined;
    tree.splice(file, found.type.start, found.type.end, old === old.toUpperCase() ? serial.toUpperCase() : serial);
    return edited(file);
  }
  if (found.column.collClause !== undefined) return undefined;
  tree.splice(file, found.type.start, found.type.end, style.type(type));
  return edited(file);
}
