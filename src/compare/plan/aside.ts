import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { textOf } from "../engine/lookups.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/**
 * PostgreSQL drops no type that columns have, and changes little about one. Under another name it makes room for the new
 * type; the next round brings the columns over and drops it.
 * @returns the statements that rename types which change and are in use, and types that are made of those. Pure.
 */
export function typesAside(from: Facts, to: Facts): PlannedStatement[] {
  return inTheWay(from, to).flatMap((fact) => {
    const { id } = fact;
    const aside = (kind: string, named: Named, args = ""): PlannedStatement =>
      statementOf(
        `ALTER ${kind} ${quoteQualified(named.schema, named.name)}${args} RENAME TO ${quoteIdentifier(freeName(named, from, to))}`,
      );
    const own = { schema: id.schema, name: id.name };
    // The functions that make a range are called like it, and those of the new type may take the same.
    const subtype = sameSubtype(fact, from, to);
    const makers = subtype === undefined ? [] : ["", ", text"].map((more) => `(${subtype}, ${subtype}${more})`);
    // The type of several ranges came with it, and the function that makes an empty one.
    const multirange = multirangeOf(fact).flatMap((named) => [aside("TYPE", named), aside("FUNCTION", named, "()")]);
    return [aside(id.kind.toUpperCase(), own), ...makers.map((args) => aside("FUNCTION", own, args)), ...multirange];
  });
}

/** The same, where types are among them that others are made of, or are inside of others: no other plan brings those about. Pure. */
export function typesUnderOthersAside(from: Facts, to: Facts): PlannedStatement[] {
  const isUnderOthers = inTheWay(from, to).some(
    (fact) => madeOf(fact.id, from, to).length > 0 || isCheckedInside(fact, from, to),
  );
  return isUnderOthers ? typesAside(from, to) : [];
}

type Aside = Fact & { readonly id: TypeId };
type TypeId = ObjectId & { readonly kind: "domain" | "type" };

function isType(id: ObjectId): id is TypeId {
  return id.kind === "domain" || id.kind === "type";
}

/** Those that change, with all that are made of them, as far as something has them. */
function inTheWay(from: Facts, to: Facts): Aside[] {
  const found = new Map<string, Aside>();
  const add = (id: ObjectId): void => {
    const fact = from.get(id);
    if (fact === undefined || !isType(id) || found.has(encodeId(id)) || !isUsed(id, from)) return;
    found.set(encodeId(id), { ...fact, id });
    madeOf(id, from, to).forEach(add);
  };
  for (const fact of from.facts()) if (isChanged(fact, from, to)) add(fact.id);
  return from.facts().flatMap(({ id }) => found.get(encodeId(id)) ?? []);
}

/** The types that are made of one, and stay. */
function madeOf(id: ObjectId, from: Facts, to: Facts): ObjectId[] {
  return from
    .incomingEdges(id)
    .flatMap((edge) => (edge.kind === "depends" && isType(edge.from) && to.has(edge.from) ? [edge.from] : []));
}

function isChanged(fact: Fact, from: Facts, to: Facts): boolean {
  const after = to.get(fact.id);
  if (after === undefined || !isType(fact.id)) return false;
  if (fact.id.kind === "type") return isOtherType(fact, after, from, to);
  return isOther(fact, after) || isCheckedInside(fact, from, to);
}

/**
 * Whether a domain comes to demand something of values that are inside of others, where PostgreSQL looks at none: arrays and
 * composite types. Only a conversion of the whole does.
 */
function isCheckedInside({ id }: Fact, from: Facts, to: Facts): boolean {
  if (id.kind !== "domain" || !isInside(id, from)) return false;
  const isStricter = from.get(id)?.payload["notNull"] !== true && to.get(id)?.payload["notNull"] === true;
  return (
    isStricter ||
    to.childrenOf(id).some(({ id: check, payload }) => {
      return (
        check.kind === "constraint" && payload["validated"] === true && payload["def"] !== textOf(from, check, "def")
      );
    })
  );
}

/** Whether tables hold values of a type as parts of others. */
function isInside(id: ObjectId, facts: Facts): boolean {
  return facts.incomingEdges(id).some(({ kind, from: user }) => {
    if (kind !== "depends") return false;
    if (user.kind === "type") return isUsed(user, facts);
    if (user.kind === "domain") return isInside(user, facts) || isArray(user, "baseType");
    return user.kind === "column" && isArray(user, "type");
  });

  function isArray(user: ObjectId, property: string): boolean {
    return textOf(facts, user, property)?.endsWith("[]") === true;
  }
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

/** What a range is of, before and afterwards; undefined where that is a type that makes room as well. */
function sameSubtype({ id, payload }: Aside, from: Facts, to: Facts): string | undefined {
  const subtype = payload["subtype"];
  if (typeof subtype !== "string" || textOf(to, id, "subtype") !== subtype) return undefined;
  const { schema, name } = parseQualifiedName(subtype) ?? {};
  return inTheWay(from, to).some((other) => other.id.schema === schema && other.id.name === name) ? undefined : subtype;
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
