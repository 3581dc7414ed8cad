import { type AlterTableCmd, inside, type Node, type RangeVar, strings, type TypeName } from "#sql/parser.ts";
import type { IndexStmt } from "libpg-query";
import { NAME_BYTES } from "#sql/clip-name.ts";
import type { Subject } from "./subjects.ts";

/** What a statement is for. */
export interface Reading {
  /** The object that it makes. */
  readonly makes?: Subject | undefined;
  /** In PostgreSQL's words, for the habits of a tree: "table", "view", "index", "comment", "grant", "rows". */
  readonly kind: string;
  /** What it belongs to or speaks of, apart from what it makes. */
  readonly about: readonly Subject[];
  /** For SET search_path: the schemas. */
  readonly searchPath?: readonly string[] | undefined;
}

/** Gives a name its schema. */
export type Resolve = (schema: string | undefined, name: string, isMade: boolean) => string;

/** What the statement is for; undefined for one that makes and changes nothing that has a place in a tree. Pure. */
export function readStatement(node: Node, resolve: Resolve): Reading | undefined {
  const relation = (range: RangeVar | undefined, isMade = false): Subject => ({
    kind: "relation",
    schema: resolve(range?.schemaname, range?.relname ?? "", isMade),
    name: range?.relname ?? "",
  });
  const qualified = (kind: Subject["kind"], names: readonly string[], isMade = false): Subject => {
    const name = names.at(-1) ?? "";
    return { kind, schema: resolve(names.at(-2), name, isMade), name };
  };
  const part = (kind: Subject["kind"], table: Subject, name: string): Subject => ({
    kind,
    schema: table.schema,
    of: table.name,
    name,
  });
  const routine = (names: readonly string[], args: readonly string[] | undefined, isMade = false): Subject => ({
    ...qualified("routine", names, isMade),
    args,
  });
  const made = (kind: string, makes: Subject, about: readonly Subject[] = []): Reading => ({ kind, makes, about });

  const table = inside(node, "CreateStmt");
  if (table !== undefined) {
    const about = (table.inhRelations ?? []).map((each) => relation(inside(each, "RangeVar")));
    return made("table", relation(table.relation, true), about);
  }
  const foreign = inside(node, "CreateForeignTableStmt");
  if (foreign !== undefined) return made("foreign table", relation(foreign.base?.relation, true));
  const view = inside(node, "ViewStmt");
  if (view !== undefined) return made("view", relation(view.view, true));
  const filled = inside(node, "CreateTableAsStmt");
  if (filled !== undefined) {
    return made(filled.objtype === "OBJECT_MATVIEW" ? "materialized view" : "table", relation(filled.into?.rel, true));
  }
  const sequence = inside(node, "CreateSeqStmt");
  if (sequence !== undefined) return made("sequence", relation(sequence.sequence, true));
  const index = inside(node, "IndexStmt");
  if (index !== undefined) {
    const on = relation(index.relation);
    return made("index", { kind: "relation", schema: on.schema, name: index.idxname ?? defaultIndexName(index) }, [on]);
  }
  const routineMade = inside(node, "CreateFunctionStmt");
  if (routineMade !== undefined) {
    const parameters = (routineMade.parameters ?? []).flatMap((each) => inside(each, "FunctionParameter") ?? []);
    const given = parameters.filter(({ mode }) => mode !== "FUNC_PARAM_OUT" && mode !== "FUNC_PARAM_TABLE");
    const args = given.map(({ argType }) => shortType(argType));
    return made("function", routine(strings(routineMade.funcname), args, true));
  }
  const enumeration = inside(node, "CreateEnumStmt");
  if (enumeration !== undefined) return made("type", qualified("type", strings(enumeration.typeName), true));
  const range = inside(node, "CreateRangeStmt");
  if (range !== undefined) return made("type", qualified("type", strings(range.typeName), true));
  const composite = inside(node, "CompositeTypeStmt");
  if (composite !== undefined) {
    const { name, schema } = relation(composite.typevar, true);
    return made("type", { kind: "type", schema, name });
  }
  const domain = inside(node, "CreateDomainStmt");
  if (domain !== undefined) return made("domain", qualified("type", strings(domain.domainname), true));
  const schema = inside(node, "CreateSchemaStmt");
  if (schema !== undefined) return made("schema", { kind: "schema", schema: "", name: schema.schemaname ?? "" });
  const extension = inside(node, "CreateExtensionStmt");
  if (extension !== undefined) {
    return made("extension", { kind: "extension", schema: "", name: extension.extname ?? "" });
  }
  const trigger = inside(node, "CreateTrigStmt");
  if (trigger !== undefined) {
    const on = relation(trigger.relation);
    return made("trigger", part("trigger", on, trigger.trigname ?? ""), [on]);
  }
  const policy = inside(node, "CreatePolicyStmt");
  if (policy !== undefined) {
    const on = relation(policy.table);
    return made("policy", part("policy", on, policy.policy_name ?? ""), [on]);
  }
  const statistics = inside(node, "CreateStatsStmt");
  if (statistics !== undefined) {
    return {
      kind: "statistics",
      about: (statistics.relations ?? []).map((each) => relation(inside(each, "RangeVar"))),
    };
  }
  const rule = inside(node, "RuleStmt");
  if (rule !== undefined) {
    const on = relation(rule.relation);
    return made("rule", part("rule", on, rule.rulename ?? ""), [on]);
  }
  const altered = inside(node, "AlterTableStmt");
  if (altered !== undefined) {
    const on = relation(altered.relation);
    const commands = (altered.cmds ?? []).flatMap((each) => inside(each, "AlterTableCmd") ?? []);
    const constraint = inside(commands[0]?.def, "Constraint");
    const only = commands.length === 1 ? commands[0] : undefined;
    if (only?.subtype === "AT_AddConstraint" && constraint?.conname !== undefined) {
      return made("constraint", part("constraint", on, constraint.conname), [on]);
    }
    const column = columnOfCommand(only);
    if (column !== undefined) return { kind: "alter", about: [part("column", on, column), on] };
    if (only?.subtype === "AT_DropConstraint") {
      return { kind: "alter", about: [part("constraint", on, only.name ?? ""), on] };
    }
    const isSecurity = commands.every(({ subtype = "" }) => / ?RowSecurity/.test(subtype));
    return { kind: isSecurity ? "row security" : "alter", about: [on] };
  }
  const comment = inside(node, "CommentStmt");
  if (comment !== undefined) {
    const about = objectOf(comment.objtype ?? "", comment.object, { qualified, routine, part });
    return { kind: "comment", about: about === undefined ? [] : [about] };
  }
  const grant = inside(node, "GrantStmt");
  if (grant !== undefined) {
    const about = (grant.objects ?? []).flatMap((object) => {
      const on = inside(object, "RangeVar");
      if (on !== undefined) return [relation(on)];
      return objectOf(grant.objtype ?? "", object, { qualified, routine, part }) ?? [];
    });
    return { kind: "grant", about };
  }
  const enumChange = inside(node, "AlterEnumStmt");
  if (enumChange !== undefined) return { kind: "alter", about: [qualified("type", strings(enumChange.typeName))] };
  const domainChange = inside(node, "AlterDomainStmt");
  if (domainChange !== undefined) return { kind: "alter", about: [qualified("type", strings(domainChange.typeName))] };
  const sequenceChange = inside(node, "AlterSeqStmt");
  if (sequenceChange !== undefined) return { kind: "alter", about: [relation(sequenceChange.sequence)] };
  const owner = inside(node, "AlterOwnerStmt");
  if (owner !== undefined) {
    const about =
      owner.relation === undefined
        ? objectOf(owner.objectType ?? "", owner.object, { qualified, routine, part })
        : relation(owner.relation);
    return { kind: "alter", about: about === undefined ? [] : [about] };
  }
  const renamed = inside(node, "RenameStmt");
  if (renamed !== undefined && renamed.relation !== undefined)
    return { kind: "alter", about: [relation(renamed.relation)] };
  const drop = inside(node, "DropStmt");
  if (drop !== undefined) {
    const about = (drop.objects ?? []).flatMap(
      (object) => objectOf(drop.removeType ?? "", object, { qualified, routine, part }) ?? [],
    );
    return { kind: "drop", about };
  }
  const set = inside(node, "VariableSetStmt");
  if (set?.name === "search_path") {
    const path = (set.args ?? []).flatMap((each) => inside(each, "A_Const")?.sval?.sval ?? []);
    return { kind: "setting", about: [], searchPath: set.kind === "VAR_SET_VALUE" ? path : ["public"] };
  }
  return undefined;
}

/** The column that a command of an ALTER TABLE adds, changes or drops. */
export function columnOfCommand(command: AlterTableCmd | undefined): string | undefined {
  const { subtype = "", name, def } = command ?? {};
  if (subtype === "AT_AddColumn") return inside(def, "ColumnDef")?.colname;
  return COLUMN_COMMANDS.test(subtype) ? name : undefined;
}

const COLUMN_COMMANDS =
  /^AT_(AlterColumnType|ColumnDefault|DropNotNull|SetNotNull|DropColumn|SetStatistics|SetStorage|SetCompression|SetOptions|ResetOptions|AddIdentity|SetIdentity|DropIdentity|DropExpression|SetExpression)$/;

interface Makers {
  readonly qualified: (kind: Subject["kind"], names: readonly string[]) => Subject;
  readonly routine: (names: readonly string[], args: readonly string[] | undefined) => Subject;
  readonly part: (kind: Subject["kind"], table: Subject, name: string) => Subject;
}

/** What COMMENT ON, GRANT, ALTER ... OWNER and DROP name. */
function objectOf(type: string, object: Node | undefined, { qualified, routine, part }: Makers): Subject | undefined {
  const list = strings(inside(object, "List")?.items);
  switch (type) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_MATVIEW":
    case "OBJECT_SEQUENCE":
    case "OBJECT_INDEX":
    case "OBJECT_FOREIGN_TABLE":
      return qualified("relation", list);
    case "OBJECT_COLUMN":
      return list.length < 2 ? undefined : part("column", qualified("relation", list.slice(0, -1)), list.at(-1)!);
    case "OBJECT_TABCONSTRAINT":
      return part("constraint", qualified("relation", list.slice(0, -1)), list.at(-1)!);
    case "OBJECT_DOMCONSTRAINT": {
      const [domain, name] = inside(object, "List")?.items ?? [];
      return part(
        "constraint",
        qualified("type", strings(inside(domain, "TypeName")?.names)),
        inside(name, "String")?.sval ?? "",
      );
    }
    case "OBJECT_TRIGGER":
      return part("trigger", qualified("relation", list.slice(0, -1)), list.at(-1)!);
    case "OBJECT_POLICY":
      return part("policy", qualified("relation", list.slice(0, -1)), list.at(-1)!);
    case "OBJECT_RULE":
      return part("rule", qualified("relation", list.slice(0, -1)), list.at(-1)!);
    case "OBJECT_FUNCTION":
    case "OBJECT_PROCEDURE":
    case "OBJECT_ROUTINE":
    case "OBJECT_AGGREGATE": {
      const { objname, objargs, args_unspecified: unspecified } = inside(object, "ObjectWithArgs") ?? {};
      const args = (objargs ?? []).map((each) => shortType(inside(each, "TypeName")));
      return routine(strings(objname), unspecified === true ? undefined : args);
    }
    case "OBJECT_TYPE":
    case "OBJECT_DOMAIN": {
      const names = strings(inside(object, "TypeName")?.names);
      return qualified("type", names.length > 0 ? names : list);
    }
    case "OBJECT_SCHEMA":
    case "OBJECT_EXTENSION": {
      const kind = type === "OBJECT_SCHEMA" ? "schema" : "extension";
      return { kind, schema: "", name: inside(object, "String")?.sval ?? "" };
    }
    default:
      return undefined;
  }
}

/** A type's own name: `int`, `integer` and `pg_catalog.int4` are one. */
function shortType(type: TypeName | undefined): string {
  const name = strings(type?.names).at(-1) ?? "";
  return `${name}${(type?.arrayBounds ?? []).length > 0 ? "[]" : ""}`;
}

/** The name that PostgreSQL gives to an index without one, of columns (ChooseIndexName in its source); nothing where it is of expressions. */
function defaultIndexName({ relation, indexParams = [], indexIncludingParams = [] }: IndexStmt): string {
  const columns = [...indexParams, ...indexIncludingParams].map((each) => inside(each, "IndexElem")?.name);
  const name = [relation?.relname, ...columns, "idx"].join("_");
  return columns.includes(undefined) || Buffer.byteLength(name) > NAME_BYTES ? "" : name;
}
