import { inside, type Node, type NodeOf, strings } from "../parser.ts";
import { familyOf, inputTypes, nameFrom, nameOfRelation, type ObjectName } from "./object-names.ts";

/** An object that a statement makes. */
export interface CreatedObject {
  readonly name: ObjectName | undefined;
  /** Whether it may leave one that is there (OR REPLACE, IF NOT EXISTS). */
  readonly mayBeThere: boolean;
  /** Whether one that is there gets what the statement says in the place of what it had (OR REPLACE). */
  readonly isReplacing?: boolean;
  readonly isSequence?: boolean;
  /** Of a table that is made like another one: what those parts begin with that it gets from there. */
  readonly copied?: readonly string[];
}

/** What CREATE makes that rights can be given on. Pure. */
export function createdBy(node: Node | undefined): CreatedObject[] {
  const one = (name: ObjectName | undefined, mayBeThere = false): CreatedObject[] => [{ name, mayBeThere }];
  const relation = (range: NodeOf<"RangeVar"> | undefined, mayBeThere = false): CreatedObject[] =>
    range === undefined || range.relpersistence === "t" ? [] : one(nameOfRelation("relation", range), mayBeThere);
  const view = inside(node, "ViewStmt");
  if (view !== undefined)
    return relation(view.view, view.replace).map((made) => ({ ...made, isReplacing: view.replace === true }));
  const stored = inside(node, "CreateTableAsStmt");
  if (stored !== undefined) return relation(stored.into?.rel, stored.if_not_exists);
  const table = inside(node, "CreateStmt");
  if (table !== undefined) {
    const copied = (table.tableElts ?? []).flatMap((element) => copiedBy(inside(element, "TableLikeClause")?.options));
    return relation(table.relation, table.if_not_exists).map((made) => ({ ...made, copied }));
  }
  const foreign = inside(node, "CreateForeignTableStmt")?.base;
  if (foreign !== undefined) return relation(foreign.relation, foreign.if_not_exists);
  const sequence = inside(node, "CreateSeqStmt");
  if (sequence !== undefined) {
    return relation(sequence.sequence, sequence.if_not_exists).map((made) => ({ ...made, isSequence: true }));
  }
  const routine = inside(node, "CreateFunctionStmt");
  if (routine !== undefined) {
    const name = nameFrom("routine", strings(routine.funcname), inputTypes(routine.parameters));
    return one(name, routine.replace).map((made) => ({ ...made, isReplacing: routine.replace === true }));
  }
  const define = inside(node, "DefineStmt");
  if (define !== undefined) {
    const family = familyOf(define.kind);
    if (family === undefined) return [];
    const types = inputTypes(inside(define.args?.[0], "List")?.items);
    return one(nameFrom(family, strings(define.defnames), types), define.replace);
  }
  const composite = inside(node, "CompositeTypeStmt")?.typevar;
  if (composite !== undefined) return one(nameOfRelation("type", composite));
  const typeName =
    inside(node, "CreateEnumStmt")?.typeName ??
    inside(node, "CreateRangeStmt")?.typeName ??
    inside(node, "CreateDomainStmt")?.domainname;
  if (typeName !== undefined) return one(nameFrom("type", strings(typeName)));
  const schema = inside(node, "CreateSchemaStmt");
  if (schema?.schemaname !== undefined) {
    return one({ family: "schema", schema: undefined, name: schema.schemaname }, schema.if_not_exists);
  }
  const server = inside(node, "CreateForeignServerStmt");
  if (server?.servername !== undefined) {
    return one({ family: "server", schema: undefined, name: server.servername }, server.if_not_exists);
  }
  const wrapper = inside(node, "CreateFdwStmt")?.fdwname;
  return wrapper === undefined ? [] : one({ family: "wrapper", schema: undefined, name: wrapper });
}

/** By PostgreSQL's bits of LIKE ... INCLUDING (TableLikeOption). */
const COPIED = [
  [1 << 0, "COMMENT ON COLUMN "],
  [1 << 2, "CHECK "],
  [1 << 6, "INDEX "],
  [1 << 6, "UNIQUE "],
  [1 << 6, "PRIMARY KEY "],
  [1 << 6, "EXCLUDE "],
  [1 << 7, "STATISTICS "],
] as const;

function copiedBy(options = 0): string[] {
  return COPIED.flatMap(([bit, parts]) => ((options & bit) === 0 ? [] : [parts]));
}
