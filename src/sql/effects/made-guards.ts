import { inside, type Node, type NodeOf, strings } from "../parser.ts";
import { inputTypes, nameFrom, nameIn, nameOfRelation, type ObjectName } from "./object-names.ts";

/** What a statement puts on an object, in the words of `MadeObject.parts`. */
export interface MadePart {
  readonly on: ObjectName;
  readonly part: string;
}

/** Constraints by PostgreSQL's names of their kinds (ConstrType). */
const CONSTRAINTS: Readonly<Record<string, string>> = {
  CONSTR_CHECK: "CHECK",
  CONSTR_UNIQUE: "UNIQUE",
  CONSTR_PRIMARY: "PRIMARY KEY",
  CONSTR_FOREIGN: "FOREIGN KEY",
  CONSTR_EXCLUSION: "EXCLUDE",
};

/**
 * What a statement says of who sees and may do what with an object's rows, of its settings and its constraints, in the words of
 * `MadeObject.parts`; of a setting by its name alone. Pure.
 */
export function guardsMadeBy(node: Node | undefined): MadePart[] {
  const view = inside(node, "ViewStmt");
  if (view?.view !== undefined) {
    const isChecked = (view.withCheckOption ?? "NO_CHECK_OPTION") !== "NO_CHECK_OPTION";
    return on(nameOfRelation("relation", view.view), [
      ...settings(view.options),
      ...(isChecked ? ["SET check_option"] : []),
    ]);
  }
  const stored = inside(node, "CreateTableAsStmt")?.into;
  if (stored?.rel !== undefined) return on(nameOfRelation("relation", stored.rel), settings(stored.options));
  const table = inside(node, "CreateStmt") ?? inside(node, "CreateForeignTableStmt")?.base;
  if (table?.relation !== undefined) {
    const columns = (table.tableElts ?? []).flatMap((element) => inside(element, "ColumnDef")?.constraints ?? []);
    const constraints = [...columns, ...(table.tableElts ?? []), ...(table.constraints ?? [])].flatMap(constraint);
    return on(nameOfRelation("relation", table.relation), [...settings(table.options), ...constraints]);
  }
  const altered = inside(node, "AlterTableStmt");
  if (altered?.relation !== undefined) {
    return on(nameOfRelation("relation", altered.relation), (altered.cmds ?? []).flatMap(alteration));
  }
  const made = inside(node, "CreateFunctionStmt");
  if (made !== undefined) {
    const options = (made.options ?? []).flatMap((one) => inside(one, "DefElem") ?? []);
    const name = nameFrom("routine", strings(made.funcname), inputTypes(made.parameters));
    const isDefiner = options.some(({ defname, arg }) => defname === "security" && isTrue(arg));
    return name === undefined ? [] : on(name, [...options.flatMap(routineSetting), ...(isDefiner ? [] : [INVOKER])]);
  }
  const routine = inside(node, "AlterFunctionStmt");
  if (routine?.func !== undefined) {
    const name = nameIn("routine", { ObjectWithArgs: routine.func });
    const options = (routine.actions ?? []).flatMap((one) => inside(one, "DefElem") ?? []);
    const says = options.some(({ defname }) => defname === "security");
    return name === undefined ? [] : on(name, [...options.flatMap(routineSetting), ...(says ? [INVOKER] : [])]);
  }
  const publication = inside(node, "CreatePublicationStmt") ?? inside(node, "AlterPublicationStmt");
  return (publication?.pubobjects ?? []).flatMap((one) => {
    const relation = inside(one, "PublicationObjSpec")?.pubtable?.relation;
    const name = relation === undefined ? undefined : nameOfRelation("relation", relation);
    return name === undefined ? [] : on(name, [`PUBLICATION ${publication?.pubname ?? ""}`]);
  });
}

/** Of a routine that does not run with the rights of its owner. */
const INVOKER = "SECURITY INVOKER";

function on(name: ObjectName, parts: readonly string[]): MadePart[] {
  return parts.map((part) => ({ on: name, part }));
}

function settings(options: readonly Node[] | undefined): string[] {
  return (options ?? []).flatMap((one) => {
    const name = inside(one, "DefElem")?.defname;
    return name === undefined ? [] : [`SET ${name}`];
  });
}

function routineSetting({ defname, arg }: NodeOf<"DefElem">): string[] {
  const name = defname === "set" ? inside(arg, "VariableSetStmt")?.name : undefined;
  return name === undefined ? [] : [`SET ${name}`];
}

function isTrue(value: Node | undefined): boolean {
  return inside(value, "Boolean")?.boolval === true;
}

function constraint(node: Node | undefined): string[] {
  const { contype = "", conname = "" } = inside(node, "Constraint") ?? {};
  const kind = CONSTRAINTS[contype];
  // Without a name, PostgreSQL puts one together.
  return kind === undefined ? [] : [`${kind} ${conname}`];
}

function alteration(node: Node): string[] {
  const { subtype, def } = inside(node, "AlterTableCmd") ?? {};
  switch (subtype) {
    case "AT_EnableRowSecurity":
    case "AT_DisableRowSecurity":
      return ["ROW LEVEL SECURITY"];
    case "AT_ForceRowSecurity":
    case "AT_NoForceRowSecurity":
      return ["FORCE ROW LEVEL SECURITY"];
    case "AT_ReplicaIdentity":
      return ["REPLICA IDENTITY"];
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
      return settings(inside(def, "List")?.items);
    case "AT_AddConstraint":
      return constraint(def);
    case "AT_AddColumn":
      return (inside(def, "ColumnDef")?.constraints ?? []).flatMap(constraint);
    default:
      return [];
  }
}
