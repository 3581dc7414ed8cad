import { type AlterTableCmd, inside, type Node, type NodeOf, type RangeVar } from "#sql/parser.ts";
import { addedConstraints, isNullConstant, typeText } from "../syntax.ts";
import { addColumn, addConstraint, attach } from "./define.ts";
import type { Relation } from "./relation.ts";
import type { Relations } from "./relations.ts";

/** Notes what the actions of an ALTER TABLE do. */
export function alterTable(
  relations: Relations,
  node: Node,
  range: RangeVar | undefined,
  commands: readonly Node[],
): void {
  const known = relations.find(range);
  // One that was made elsewhere: what happens to it from here on is known.
  if (known === undefined && range?.relname !== undefined && inside(node, "AlterTableStmt")?.objtype === "OBJECT_TABLE")
    relations.meet(range);
  const table = known ?? relations.find(range);
  if (table === undefined) return;
  for (const entry of commands) {
    const command = inside(entry, "AlterTableCmd");
    if (command !== undefined) alter(relations, table, range, command);
  }
  for (const { constraint, column } of addedConstraints(node)) {
    if (column === undefined) addConstraint(relations, table, range, constraint, undefined);
  }
}

function alter(relations: Relations, table: Relation, range: RangeVar | undefined, command: AlterTableCmd): void {
  const { name = "", def } = command;
  const column = table.columns.get(name);
  switch (command.subtype) {
    case "AT_AddColumn": {
      const definition = inside(def, "ColumnDef");
      // IF NOT EXISTS: what is there stays what it is.
      const isThere = command.missing_ok === true && table.columns.has(definition?.colname ?? "");
      if (definition !== undefined && !isThere) addColumn(relations, table, range, definition);
      break;
    }
    case "AT_DropColumn":
      table.columns.delete(name);
      for (const constraint of table.constraints.values())
        if (constraint.columns.includes(name)) table.constraints.delete(constraint.name);
      relations.removeIndexes(table, ({ index }) => index?.columns.includes(name) === true);
      break;
    case "AT_SetNotNull":
      if (column === undefined) table.columns.set(name, { name, type: "", notNull: true, hasDefault: false });
      else column.notNull = true;
      break;
    case "AT_DropNotNull":
      if (column !== undefined) column.notNull = false;
      break;
    case "AT_ColumnDefault":
      if (column !== undefined) column.hasDefault = def !== undefined && !isNullConstant(def);
      break;
    case "AT_AddIdentity":
      if (column !== undefined) column.hasDefault = true;
      break;
    case "AT_DropIdentity":
    case "AT_DropExpression":
      if (column !== undefined) column.hasDefault = false;
      break;
    case "AT_AlterColumnType":
      if (column !== undefined) column.type = typeText(inside(def, "ColumnDef")?.typeName);
      break;
    case "AT_ValidateConstraint": {
      const constraint = table.constraints.get(name);
      if (constraint !== undefined) constraint.valid = true;
      break;
    }
    case "AT_DropConstraint":
      table.constraints.delete(name);
      relations.removeIndexes(table, (index) => index.name === name);
      break;
    case "AT_EnableRowSecurity":
      table.rowSecurity = true;
      break;
    case "AT_DisableRowSecurity":
      table.rowSecurity = false;
      break;
    case "AT_AttachPartition": {
      const partition = inside(def, "PartitionCmd");
      const attached = relations.find(partition?.name);
      if (attached !== undefined && range !== undefined)
        attach(relations, attached, range, partition?.bound?.is_default === true);
      break;
    }
    default:
  }
}

/** Notes another name of a table, column or constraint. */
export function rename(relations: Relations, statement: NodeOf<"RenameStmt">): void {
  const { relation: range, newname = "", subname = "" } = statement;
  const relation = relations.find(range);
  if (relation === undefined) return;
  if (statement.renameType === "OBJECT_COLUMN") {
    const column = relation.columns.get(subname);
    if (column === undefined) return;
    relation.columns.delete(subname);
    relation.columns.set(newname, { ...column, name: newname });
    return;
  }
  if (statement.renameType === "OBJECT_TABCONSTRAINT") {
    const constraint = relation.constraints.get(subname);
    if (constraint === undefined) return;
    relation.constraints.delete(subname);
    relation.constraints.set(newname, { ...constraint, name: newname });
    return;
  }
  relations.move(relation, relation.schema, newname);
}
