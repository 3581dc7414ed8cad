import { type Fact, type Facts, factsOf } from "./facts.ts";
import { encodeId, type ObjectId } from "./object-id.ts";

/** A property of an object, where it is text. */
export function textOf(facts: Facts, id: ObjectId, property: string): string | undefined {
  const value = facts.get(id)?.payload[property];
  return typeof value === "string" ? value : undefined;
}

/** The table that a partition belongs to, or that a child inherits from first. */
export function parentTable(facts: Facts, table: ObjectId): Named | undefined {
  return (facts.get(table)?.payload["parentTable"] ?? undefined) as Named | undefined;
}

/** The parent of a table, that one's, and so on. */
export function tablesAbove(table: ObjectId, facts: Facts): ObjectId[] {
  const parent = parentTable(facts, table);
  if (parent === undefined) return [];
  const id = { kind: "table", ...parent } as const;
  return [id, ...tablesAbove(id, facts)];
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

interface Column {
  readonly type: string;
  /** Undefined where it is the type's own. */
  readonly collation: string | undefined;
  readonly notNull: boolean;
}

/** Its own, and those of its parents. Pure. */
export function columnsOf(table: ObjectId, facts: Facts): ReadonlyMap<string, Column> {
  const parent = parentTable(facts, table);
  const inherited = parent === undefined ? [] : columnsOf({ kind: "table", ...parent }, facts);
  const own = facts.childrenOf(table).flatMap(({ id, payload }) => {
    if (id.kind !== "column") return [];
    const [type = "", collation] = [textOf(facts, id, "type"), textOf(facts, id, "collation")];
    return [[id.name, { type, collation, notNull: payload["notNull"] === true }] as const];
  });
  return new Map([...inherited, ...own]);
}

/** Whether two columns hold the same kind of values, sorted alike. Pure. */
export function isOfSameType(one: Column, other: Column): boolean {
  return one.type === other.type && one.collation === other.collation;
}

/** The same facts, some of them with other properties. */
export function withPayloads(
  facts: Facts,
  wanted: (fact: Fact) => boolean,
  payload: Partial<Fact["payload"]> | ((fact: Fact) => Partial<Fact["payload"]>),
): Facts {
  if (!facts.facts().some(wanted)) return facts;
  return factsOf(
    facts,
    facts.facts().map((fact) => {
      if (!wanted(fact)) return fact;
      return { ...fact, payload: { ...fact.payload, ...(typeof payload === "function" ? payload(fact) : payload) } };
    }),
  );
}

/** The same facts without some objects and everything that belongs to them. */
export function withoutObjects(facts: Facts, objects: readonly ObjectId[]): Facts {
  const gone = new Set<string>();
  const remove = (id: ObjectId): void => {
    gone.add(encodeId(id));
    for (const child of facts.childrenOf(id)) remove(child.id);
  };
  for (const id of objects) if (facts.has(id)) remove(id);
  if (gone.size === 0) return facts;
  return factsOf(
    facts,
    facts.facts().filter(({ id }) => !gone.has(encodeId(id))),
  );
}
