import { type AlterTableCmd, inside, type Node, type RangeVar } from "./parser.ts";

/** One action of an ALTER TABLE. */
export interface Alteration {
  readonly table: RangeVar;
  readonly command: AlterTableCmd;
}

/** The actions of an ALTER TABLE on a table, of all kinds or of these; none for another statement. Pure. */
export function alterations(node: Node, ...subtypes: readonly NonNullable<AlterTableCmd["subtype"]>[]): Alteration[] {
  const alter = inside(node, "AlterTableStmt");
  if (alter?.relation === undefined || alter.objtype !== "OBJECT_TABLE") return [];
  const table = alter.relation;
  return (alter.cmds ?? []).flatMap((entry) => {
    const command = inside(entry, "AlterTableCmd");
    if (command === undefined) return [];
    return subtypes.length === 0 || subtypes.some((subtype) => subtype === command.subtype) ? [{ table, command }] : [];
  });
}
