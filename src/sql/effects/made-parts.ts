import { inside, type Node, type NodeOf, strings } from "../parser.ts";
import { roleOf } from "./given-rights.ts";
import { guardsMadeBy, type MadePart } from "./made-guards.ts";
import { nameOf, nameOfRelation, type ObjectName } from "./object-names.ts";

/** Comments and labels, triggers and the like. Pure. */
export function partsMadeBy(node: Node | undefined, role: string): MadePart[] {
  const comment = inside(node, "CommentStmt");
  if (comment?.comment !== undefined) return said(comment.objtype, comment.object, "COMMENT");
  const label = inside(node, "SecLabelStmt");
  if (label?.label !== undefined) return said(label.objtype, label.object, `LABEL ${label.provider ?? ""}`);
  const index = inside(node, "IndexStmt");
  // Without a name, PostgreSQL puts one together.
  if (index !== undefined) return onRelation(index.relation, `INDEX ${index.idxname ?? ""}`);
  const trigger = inside(node, "CreateTrigStmt");
  if (trigger !== undefined) return onRelation(trigger.relation, `TRIGGER ${trigger.trigname ?? ""}`);
  const rule = inside(node, "RuleStmt");
  if (rule !== undefined) return onRelation(rule.relation, `RULE ${rule.rulename ?? ""}`);
  const policy = inside(node, "CreatePolicyStmt");
  if (policy !== undefined) return onRelation(policy.table, `POLICY ${policy.policy_name ?? ""}`);
  const statistics = inside(node, "CreateStatsStmt");
  if (statistics !== undefined) {
    const of = inside(statistics.relations?.[0], "RangeVar");
    return onRelation(of, `STATISTICS ${strings(statistics.defnames).at(-1) ?? ""}`);
  }
  const mapping = inside(node, "CreateUserMappingStmt");
  if (mapping === undefined) return guardsMadeBy(node);
  const on: ObjectName = { family: "server", schema: undefined, name: mapping.servername ?? "" };
  return [{ on, part: `USER MAPPING FOR ${roleOf(mapping.user, role) ?? "PUBLIC"}` }];
}

/** COMMENT and SECURITY LABEL: one of a column is on its table, too. */
function said(objectType: string | undefined, object: Node | undefined, part: string): MadePart[] {
  const on = nameOf(objectType, undefined, object);
  if (on === undefined) return [];
  if (on.family !== "column") return [{ on, part }];
  const table: ObjectName = { family: "relation", schema: on.schema, name: on.table ?? "" };
  return [
    { on, part },
    { on: table, part: `${part} ON COLUMN ${on.name}` },
  ];
}

function onRelation(relation: NodeOf<"RangeVar"> | undefined, part: string): MadePart[] {
  return relation === undefined ? [] : [{ on: nameOfRelation("relation", relation), part }];
}

/** A part that gets another name. */
export interface RenamedPart {
  /** Undefined where the statement does not say it. */
  readonly on: ObjectName | undefined;
  readonly from: string;
  readonly to: string;
}

const RENAMED: Readonly<Record<string, string>> = {
  OBJECT_INDEX: "INDEX",
  OBJECT_TRIGGER: "TRIGGER",
  OBJECT_RULE: "RULE",
  OBJECT_POLICY: "POLICY",
  OBJECT_STATISTIC_EXT: "STATISTICS",
};

/** Pure. */
export function partRenamedBy(rename: NodeOf<"RenameStmt">): RenamedPart | undefined {
  const { renameType = "", relation, object, subname, newname = "" } = rename;
  const word = RENAMED[renameType];
  if (word === undefined) return undefined;
  const isNamedAlone = renameType === "OBJECT_INDEX" || relation === undefined;
  const name = subname ?? relation?.relname ?? strings(inside(object, "List")?.items).at(-1) ?? "";
  const on = isNamedAlone ? undefined : nameOfRelation("relation", relation);
  return { on, from: `${word} ${name}`, to: `${word} ${newname}` };
}
