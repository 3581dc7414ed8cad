import type { ObjectId } from "../engine/object-id.ts";

/**
 * What a statement makes or speaks of. Tables, views, sequences and indexes share their names in PostgreSQL and are all
 * "relation"; domains, enums, ranges and composite types are "type"; functions, procedures and aggregates "routine".
 */
export interface Subject {
  readonly kind:
    | "relation"
    | "type"
    | "routine"
    | "schema"
    | "extension"
    | "attribute"
    | "column"
    | "constraint"
    | "trigger"
    | "policy"
    | "rule"
    | "other";
  /** Empty for what is in no schema, and for a name that was written without one and is not resolved. */
  readonly schema: string;
  /** The table or view that it is a part of, in the same schema; of an attribute the composite type. */
  readonly of?: string | undefined;
  readonly name: string;
  /** Types of a routine's arguments, as short names; undefined where they were not written. */
  readonly args?: readonly string[] | undefined;
}

/** Whether two subjects are the same. Arguments count where both have some. */
export function isSame(a: Subject, b: Subject): boolean {
  if (a.kind !== b.kind || a.schema !== b.schema || a.name !== b.name || a.of !== b.of) return false;
  return a.args === undefined || b.args === undefined || a.args.join() === b.args.join();
}

/** Whether `part` is a part of `whole`: a column, constraint, trigger, policy or rule of a relation. */
export function isPartOf(part: Subject, whole: Subject): boolean {
  return whole.kind === "relation" && part.of === whole.name && part.schema === whole.schema;
}

/** The table or view of a part; others are their own. */
export function wholeOf(subject: Subject): Subject {
  return subject.of === undefined ? subject : { kind: "relation", schema: subject.schema, name: subject.of };
}

/** As it is shown to people. */
export function nameOf({ kind, schema, of, name, args }: Subject): string {
  const path = [schema, of, name].filter((part) => part !== undefined && part !== "").join(".");
  return kind === "routine" && args !== undefined ? `${path}(${args.join(", ")})` : path;
}

/** A key for maps. */
export function keyOf(subject: Subject): string {
  return JSON.stringify([subject.kind, subject.schema, subject.of, subject.name, subject.args]);
}

/** The subject of an object that the planner names; undefined for what has no place of its own in files. */
export function subjectOfId(id: ObjectId): Subject | undefined {
  switch (id.kind) {
    case "schema":
    case "extension":
      return { kind: id.kind, schema: "", name: id.name };
    case "table":
    case "view":
    case "materializedView":
    case "foreignTable":
    case "sequence":
    case "index":
      return { kind: "relation", schema: id.schema, name: id.name };
    case "domain":
    case "type":
      return { kind: "type", schema: id.schema, name: id.name };
    case "function":
    case "procedure":
    case "aggregate":
      return { kind: "routine", schema: id.schema, name: id.name };
    case "column":
    case "constraint":
    case "trigger":
    case "policy":
    case "rule":
      return { kind: id.kind, schema: id.schema, of: id.table, name: id.name };
    case "default":
      return { kind: "column", schema: id.schema, of: id.table, name: id.name };
    case "comment":
    case "acl":
      return subjectOfId(id.target);
    default:
      return undefined;
  }
}
