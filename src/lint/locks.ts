import { isAtLeast, type LockMode } from "#compare/trace/facts.ts";
import { type AlterTableCmd, inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Context, TableLock } from "./rule.ts";
import { nameOf } from "./syntax.ts";

/** Actions of ALTER TABLE that take less than ACCESS EXCLUSIVE (PostgreSQL's manual, "ALTER TABLE"; AlterTableGetLockLevel). */
const WEAKER: Readonly<Partial<Record<NonNullable<AlterTableCmd["subtype"]>, LockMode>>> = {
  AT_ValidateConstraint: "SHARE UPDATE EXCLUSIVE",
  AT_SetStatistics: "SHARE UPDATE EXCLUSIVE",
  AT_SetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ResetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_SetRelOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ResetRelOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ClusterOn: "SHARE UPDATE EXCLUSIVE",
  AT_DropCluster: "SHARE UPDATE EXCLUSIVE",
  AT_AttachPartition: "SHARE UPDATE EXCLUSIVE",
  AT_EnableTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableTrigAll: "SHARE ROW EXCLUSIVE",
  AT_EnableTrigUser: "SHARE ROW EXCLUSIVE",
  AT_DisableTrig: "SHARE ROW EXCLUSIVE",
  AT_DisableTrigAll: "SHARE ROW EXCLUSIVE",
  AT_DisableTrigUser: "SHARE ROW EXCLUSIVE",
};

/** The locks that a statement takes by its text, from SHARE UPDATE EXCLUSIVE up. */
export function strongLocks(node: Node): TableLock[] {
  const alter = inside(node, "AlterTableStmt");
  if (alter?.relation !== undefined && alter.objtype === "OBJECT_TABLE") {
    const table = alter.relation;
    const modes = (alter.cmds ?? []).flatMap((command) => lockOf(inside(command, "AlterTableCmd")));
    const strongest = modes.reduce<LockMode>(
      (most, mode) => (isAtLeast(mode, most) ? mode : most),
      "SHARE UPDATE EXCLUSIVE",
    );
    return [
      { table, mode: strongest },
      ...(alter.cmds ?? []).flatMap((command) => locksBeside(inside(command, "AlterTableCmd"))),
    ];
  }
  const rename = inside(node, "RenameStmt");
  if (rename?.relation !== undefined && rename.renameType !== "OBJECT_INDEX")
    return [{ table: rename.relation, mode: "ACCESS EXCLUSIVE" }];
  const moved = inside(node, "AlterObjectSchemaStmt")?.relation;
  if (moved !== undefined) return [{ table: moved, mode: "ACCESS EXCLUSIVE" }];
  const drop = inside(node, "DropStmt");
  if (drop !== undefined) return droppedTables(node);
  const truncated = inside(node, "TruncateStmt")?.relations ?? [];
  if (truncated.length > 0)
    return truncated.flatMap((relation) => {
      const table = inside(relation, "RangeVar");
      return table === undefined ? [] : [{ table, mode: "ACCESS EXCLUSIVE" as const }];
    });
  const index = inside(node, "IndexStmt");
  if (index?.relation !== undefined)
    return [{ table: index.relation, mode: index.concurrent === true ? "SHARE UPDATE EXCLUSIVE" : "SHARE" }];
  const trigger = inside(node, "CreateTrigStmt")?.relation;
  if (trigger !== undefined) return [{ table: trigger, mode: "SHARE ROW EXCLUSIVE" }];
  const ruled = inside(node, "RuleStmt")?.relation ?? inside(node, "CreatePolicyStmt")?.table;
  if (ruled !== undefined) return [{ table: ruled, mode: "ACCESS EXCLUSIVE" }];
  const made = inside(node, "CreateStmt");
  return (made?.tableElts ?? []).flatMap((element) => {
    const inline = inside(element, "ColumnDef")?.constraints ?? [];
    return [element, ...inline].flatMap((candidate) => {
      const constraint = inside(candidate, "Constraint");
      return constraint?.contype === "CONSTR_FOREIGN" && constraint.pktable !== undefined
        ? [{ table: constraint.pktable, mode: "SHARE ROW EXCLUSIVE" as const }]
        : [];
    });
  });
}

function lockOf(command: AlterTableCmd | undefined): LockMode[] {
  if (command?.subtype === undefined) return [];
  if (command.subtype === "AT_AddConstraint" && inside(command.def, "Constraint")?.contype === "CONSTR_FOREIGN")
    return ["SHARE ROW EXCLUSIVE"];
  if (command.subtype === "AT_DetachPartition" && inside(command.def, "PartitionCmd")?.concurrent === true)
    return ["SHARE UPDATE EXCLUSIVE"];
  return [WEAKER[command.subtype] ?? "ACCESS EXCLUSIVE"];
}

/** What is locked besides the table itself. */
function locksBeside(command: AlterTableCmd | undefined): TableLock[] {
  const constraints = [command?.def, ...(inside(command?.def, "ColumnDef")?.constraints ?? [])];
  const referenced = constraints.flatMap((node) => inside(node, "Constraint")?.pktable ?? []);
  const partition = inside(command?.def, "PartitionCmd")?.name;
  return [
    ...referenced.map((table) => ({ table, mode: "SHARE ROW EXCLUSIVE" as const })),
    ...(partition === undefined ? [] : [{ table: partition, mode: "ACCESS EXCLUSIVE" as const }]),
  ];
}

function droppedTables(node: Node): TableLock[] {
  const drop = inside(node, "DropStmt");
  const isTable = drop?.removeType === "OBJECT_TABLE" || drop?.removeType === "OBJECT_MATVIEW";
  const isPart =
    drop?.removeType === "OBJECT_TRIGGER" || drop?.removeType === "OBJECT_POLICY" || drop?.removeType === "OBJECT_RULE";
  if (!isTable && !isPart) return [];
  return (drop?.objects ?? []).map((object) => {
    const all = strings(inside(object, "List")?.items);
    const parts = isPart ? all.slice(0, -1) : all;
    const [schemaname, relname = ""] = [parts.at(-2), parts.at(-1)];
    return { table: schemaname === undefined ? { relname } : { schemaname, relname }, mode: "ACCESS EXCLUSIVE" };
  });
}

/** A locked table as people write it: the trace names the schema in any case. */
export function lockedName({ table }: Pick<TableLock, "table">): string {
  return nameOf(table.schemaname === "public" ? { relname: table.relname ?? "" } : table);
}

/** Locks on tables in use that a statement takes: as traced, or by its text. */
export function locksTaken({ node, isOld, facts, world }: Omit<Context, "held">): TableLock[] {
  if (facts === undefined) return strongLocks(node).filter(({ table }) => isOld(table));
  return facts.locks.flatMap(({ name, kind, isNew, mode }): TableLock[] => {
    if (kind !== "table" && kind !== "materialized view") return [];
    const { schema, name: relname } = parseQualifiedName(name) ?? { name };
    const table: RangeVar = schema === undefined ? { relname } : { schemaname: schema, relname };
    // What code made (DO, CALL) only the trace has seen.
    return !isOld(table) || (isNew && world.find(table) === undefined) ? [] : [{ table, mode }];
  });
}
