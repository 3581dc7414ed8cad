import type { Fact, Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/**
 * PostgreSQL drops no type that columns have, and changes little about one. Under another name it makes room for the new
 * type; the next round brings the columns over and drops it.
 * @returns the statements that rename types which change and are in use. Pure.
 */
export function typesAside(from: Facts, to: Facts): PlannedStatement[] {
  return from.facts().flatMap((fact) => {
    const { id } = fact;
    const after = to.get(id);
    if ((id.kind !== "domain" && id.kind !== "type") || after === undefined) return [];
    const changes = id.kind === "domain" ? isOther(fact, after) : isOtherType(fact, after, from, to);
    if (!changes || !isUsed(id, from)) return [];
    const aside = (kind: string, named: Named, args = ""): PlannedStatement =>
      statementOf(
        `ALTER ${kind} ${quoteQualified(named.schema, named.name)}${args} RENAME TO ${quoteIdentifier(freeName(named, from, to))}`,
      );
    // The type of several ranges came with it, and the function that makes an empty one.
    const multirange = multirangeOf(fact).flatMap((named) => [aside("TYPE", named), aside("FUNCTION", named, "()")]);
    return [aside(id.kind.toUpperCase(), { schema: id.schema, name: id.name }), ...multirange];
  });
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

function isOther(before: Fact, after: Fact): boolean {
  return ["baseType", "collation"].some((property) => before.payload[property] !== after.payload[property]);
}

function isOtherType(before: Fact, after: Fact, from: Facts, to: Facts): boolean {
  if (before.payload["variant"] !== after.payload["variant"]) return false;
  if (before.payload["variant"] === "enum") return isReduced(before, after);
  if (before.payload["variant"] === "range") return !Bun.deepEquals(before.payload, after.payload);
  return from.childrenOf(before.id).some(({ id, payload }) => {
    const attribute = to.get(id);
    return id.kind === "typeAttribute" && attribute !== undefined && attribute.payload["type"] !== payload["type"];
  });
}

function isReduced(before: Fact, after: Fact): boolean {
  const [old, values] = [before, after].map(({ payload }) => payload["values"] as readonly string[]);
  return !old!.every((value) => values!.includes(value));
}

/** Whether a type, by its name as in a column, is an enum that is made anew with fewer values. Pure. */
export function losesValues(type: string, from: Facts, to: Facts): boolean {
  const { schema, name } = parseQualifiedName(type) ?? {};
  if (schema === undefined || name === undefined) return false;
  const [before, after] = [from, to].map((facts) => facts.get({ kind: "type", schema, name }));
  const isEnum = [before, after].every((fact) => fact?.payload["variant"] === "enum");
  return isEnum && isReduced(before!, after!);
}

function multirangeOf({ payload }: Fact): Named[] {
  const text = payload["multirangeTypeName"];
  const { schema, name } = (typeof text === "string" ? parseQualifiedName(text) : undefined) ?? {};
  return schema === undefined || name === undefined ? [] : [{ schema, name }];
}

function isUsed(id: ObjectId, facts: Facts): boolean {
  return facts.incomingEdges(id).some(({ kind, from }) => kind === "depends" && USERS.has(from.kind));
}

const USERS: ReadonlySet<ObjectId["kind"]> = new Set(["column", "domain", "type"]);

function freeName({ schema, name }: Named, ...sides: Facts[]): string {
  const isTaken = (other: string): boolean =>
    sides.some((facts) => TYPES.some((kind) => facts.has({ kind, schema, name: other })));
  // PostgreSQL cuts names after 63 bytes.
  let free = `${name.slice(0, 14)}_before`;
  while (isTaken(free)) free += "_";
  return free;
}

/** Whatever is a type as well. */
const TYPES = ["domain", "type", "table", "view", "materializedView", "foreignTable", "sequence"] as const;
