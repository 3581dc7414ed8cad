import { splitStatements } from "#sql/split.ts";
import { inside, loadParser, type Node, type RangeVar, strings } from "#sql/parser.ts";

const parser = await loadParser();

/**
 * What a migration makes more than once on one of its ways: each object is to be made when all that it needs is as it stays. What
 * stood before may go and come back, or be replaced.
 * @param sections those of one direction of a plan, each of a migration of its own
 * @returns each by its kind and name
 */
export function madeTwice(sections: string): string[] {
  return sections.split(/^(?=-- migrate:)/m).flatMap(madeTwiceBy);
}

function madeTwiceBy(section: string): string[] {
  const made = new Set<string>();
  const faults = new Set<string>();
  for (const { start, end } of splitStatements(section).statements) {
    const node = parser.parse(section.slice(start, end));
    if (node === undefined) continue;
    for (const key of madeBy(node)) {
      if (made.has(key)) faults.add(key);
      made.add(key);
    }
    const renamed = inside(node, "RenameStmt");
    // Under its new name it is what stays.
    if (renamed?.renameType !== undefined && renamed.renameType !== "OBJECT_COLUMN") {
      const own = renamed.object === undefined ? [] : namesOf(renamed.object);
      const name = renamed.relation === undefined ? own.join(".") : rangeName(renamed.relation);
      for (const key of made) if (key.endsWith(` ${name}`)) made.delete(key);
    }
  }
  return [...faults];
}

function rangeName({ schemaname, relname }: RangeVar): string {
  return [schemaname, relname].filter((part) => part !== undefined).join(".");
}

/** The parts of a name, of a list or alone. */
function namesOf(node: Node): string[] {
  const list = inside(node, "List")?.items;
  if (list !== undefined) return list.flatMap(namesOf);
  const type = inside(node, "TypeName");
  if (type !== undefined) return [(type.names ?? []).flatMap(namesOf).join(".")];
  const routine = inside(node, "ObjectWithArgs");
  if (routine !== undefined) {
    const args = (routine.objargs ?? []).flatMap(namesOf);
    return [`${strings(routine.objname).join(".")}(${args.join(", ")})`];
  }
  const text = inside(node, "String")?.sval;
  return text === undefined ? [] : [text];
}

function madeBy(node: Node): string[] {
  const table = inside(node, "CreateStmt") ?? inside(node, "CreateForeignTableStmt")?.base;
  if (table?.relation !== undefined) {
    const name = rangeName(table.relation);
    const constraints = (table.tableElts ?? []).flatMap((element) => inside(element, "Constraint")?.conname ?? []);
    return [`table ${name}`, ...constraints.map((constraint) => `constraint ${name}.${constraint}`)];
  }
  const altered = inside(node, "AlterTableStmt");
  if (altered?.relation !== undefined) {
    const name = rangeName(altered.relation);
    return (altered.cmds ?? []).flatMap((command) => {
      const { subtype, def } = inside(command, "AlterTableCmd") ?? {};
      if (def === undefined) return [];
      if (subtype === "AT_AddColumn") return [`column ${name}.${inside(def, "ColumnDef")?.colname ?? ""}`];
      return subtype === "AT_AddConstraint" ? [`constraint ${name}.${inside(def, "Constraint")?.conname ?? ""}`] : [];
    });
  }
  const view = inside(node, "ViewStmt");
  if (view?.view !== undefined) return [`view ${rangeName(view.view)}`];
  const materialized = inside(node, "CreateTableAsStmt")?.into?.rel;
  if (materialized !== undefined) return [`view ${rangeName(materialized)}`];
  const index = inside(node, "IndexStmt");
  if (index?.relation !== undefined)
    return [`index ${[index.relation.schemaname, index.idxname ?? ""].filter((part) => part !== undefined).join(".")}`];
  const sequence = inside(node, "CreateSeqStmt")?.sequence;
  if (sequence !== undefined) return [`sequence ${rangeName(sequence)}`];
  const policy = inside(node, "CreatePolicyStmt");
  if (policy?.table !== undefined) return [`policy ${rangeName(policy.table)}.${policy.policy_name ?? ""}`];
  const rule = inside(node, "RuleStmt");
  if (rule?.relation !== undefined) return [`rule ${rangeName(rule.relation)}.${rule.rulename ?? ""}`];
  const trigger = inside(node, "CreateTrigStmt");
  if (trigger?.relation !== undefined) return [`trigger ${rangeName(trigger.relation)}.${trigger.trigname ?? ""}`];
  const routine = inside(node, "CreateFunctionStmt");
  if (routine !== undefined) {
    const args = (routine.parameters ?? []).flatMap((parameter) => {
      const { argType, mode } = inside(parameter, "FunctionParameter") ?? {};
      const isResult = mode === "FUNC_PARAM_OUT" || mode === "FUNC_PARAM_TABLE";
      return argType === undefined || isResult ? [] : [strings(argType.names).join(".")];
    });
    return [`routine ${strings(routine.funcname).join(".")}(${args.join(", ")})`];
  }
  const domain = inside(node, "CreateDomainStmt");
  if (domain !== undefined) return [`type ${strings(domain.domainname).join(".")}`];
  const type = inside(node, "CreateEnumStmt") ?? inside(node, "CreateRangeStmt");
  if (type !== undefined) return [`type ${strings(type.typeName).join(".")}`];
  const composite = inside(node, "CompositeTypeStmt")?.typevar;
  if (composite !== undefined) return [`type ${rangeName(composite)}`];
  const defined = inside(node, "DefineStmt");
  // The first of a base type is its name alone.
  if (defined?.kind === undefined || (defined.kind === "OBJECT_TYPE" && defined.definition === undefined)) return [];
  // Several of one name take other types.
  const types = (defined.definition ?? []).filter((each) => inside(each, "DefElem")?.defname?.endsWith("arg"));
  const args = JSON.stringify([defined.args ?? [], types], withoutPlaces);
  return [`${KINDS[defined.kind] ?? defined.kind} ${strings(defined.defnames).join(".")} ${args}`];
}

function withoutPlaces(key: string, value: unknown): unknown {
  return key === "location" ? undefined : value;
}

const KINDS: Readonly<Record<string, string>> = { OBJECT_OPERATOR: "operator", OBJECT_TYPE: "type" };
