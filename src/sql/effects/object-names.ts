import { inside, type Node, type NodeOf, strings } from "../parser.ts";

/** Objects of a family share their names: there is no view called like a table. */
export type Family = "relation" | "column" | "routine" | "type" | "schema" | "server" | "wrapper";

/** An object as a statement names it. */
export interface ObjectName {
  readonly family: Family;
  /** Undefined where none is written; of a schema and of what is in none as well. */
  readonly schema: string | undefined;
  readonly name: string;
  /** Of a column: the table. */
  readonly table?: string;
  /** Of a routine: its input types by their bare names, "_text" for text[]; undefined where none are written. */
  readonly types?: readonly string[] | undefined;
}

/** By PostgreSQL's names of kinds (ObjectType). */
const FAMILIES: Readonly<Record<string, Family>> = {
  OBJECT_VIEW: "relation",
  OBJECT_MATVIEW: "relation",
  OBJECT_TABLE: "relation",
  OBJECT_FOREIGN_TABLE: "relation",
  OBJECT_SEQUENCE: "relation",
  OBJECT_COLUMN: "column",
  OBJECT_FUNCTION: "routine",
  OBJECT_PROCEDURE: "routine",
  OBJECT_ROUTINE: "routine",
  OBJECT_AGGREGATE: "routine",
  OBJECT_TYPE: "type",
  OBJECT_DOMAIN: "type",
  OBJECT_SCHEMA: "schema",
  OBJECT_FOREIGN_SERVER: "server",
  OBJECT_FDW: "wrapper",
};

export function familyOf(objectType: string | undefined): Family | undefined {
  return FAMILIES[objectType ?? ""];
}

/** The name that a node of the grammar is, in whatever form it stands there. Pure. */
export function nameIn(family: Family, node: Node | undefined): ObjectName | undefined {
  const relation = inside(node, "RangeVar");
  if (relation !== undefined) return nameOfRelation(family, relation);
  const routine = inside(node, "ObjectWithArgs");
  if (routine !== undefined) {
    const types = routine.args_unspecified === true ? undefined : (routine.objargs ?? []).map(typeIn);
    return nameFrom(family, strings(routine.objname), types);
  }
  const single = inside(node, "String")?.sval;
  if (single !== undefined) return { family, schema: undefined, name: single };
  return nameFrom(family, strings(inside(node, "List")?.items ?? inside(node, "TypeName")?.names));
}

export function nameOfRelation(family: Family, { schemaname, relname = "" }: NodeOf<"RangeVar">): ObjectName {
  return { family, schema: schemaname, name: relname };
}

/** The name of what a statement is about. */
export function nameOf(
  objectType: string | undefined,
  relation: NodeOf<"RangeVar"> | undefined,
  object: Node | undefined,
): ObjectName | undefined {
  const family = familyOf(objectType);
  if (family === undefined) return undefined;
  return relation === undefined ? nameIn(family, object) : nameOfRelation(family, relation);
}

/** @param parts with a schema, and perhaps a database, before the name; of a column, the table stands before it */
export function nameFrom(family: Family, parts: readonly string[], types?: readonly string[]): ObjectName | undefined {
  const name = parts.at(-1);
  if (name === undefined) return undefined;
  if (family === "column") return { family, schema: parts.at(-3), table: parts.at(-2) ?? "", name };
  return { family, schema: parts.at(-2), name, ...(family === "routine" ? { types } : {}) };
}

/** Input types of CREATE FUNCTION and CREATE AGGREGATE. */
export function inputTypes(parameters: readonly Node[] | undefined): string[] {
  return (parameters ?? []).flatMap((one) => {
    const parameter = inside(one, "FunctionParameter");
    const isOutput = /_(?:OUT|TABLE)$/.test(parameter?.mode ?? "");
    return parameter?.argType === undefined || isOutput ? [] : [bareType(parameter.argType)];
  });
}

function typeIn(node: Node): string {
  const type = inside(node, "TypeName");
  return type === undefined ? "" : bareType(type);
}

function bareType({ names, arrayBounds }: NodeOf<"TypeName">): string {
  return `${arrayBounds === undefined ? "" : "_"}${strings(names).at(-1) ?? ""}`;
}

/** Whether two name the same, where a schema that is not written may be any; routines that are overloaded are told apart by `isSameObject`. */
export function isSameName(one: ObjectName, other: ObjectName): boolean {
  return (
    one.family === other.family &&
    one.name === other.name &&
    one.table === other.table &&
    (one.schema === undefined || other.schema === undefined || one.schema === other.schema)
  );
}

/** The same, with the types of routines where both have some. */
export function isSameObject(one: ObjectName, other: ObjectName): boolean {
  return (
    isSameName(one, other) &&
    (one.types === undefined || other.types === undefined || Bun.deepEquals(one.types, other.types))
  );
}
