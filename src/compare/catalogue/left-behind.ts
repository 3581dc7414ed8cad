import type { Facts } from "../engine/facts.ts";
import { type ObjectId, encodeId } from "../engine/object-id.ts";
import { columnsOf, textOf } from "../engine/lookups.ts";
import { parentsOf, type Table } from "../kinds/further-parents.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Change } from "./changes.ts";
import { describe, type Described } from "./describe.ts";

/** A table that leaves a parent, or what it had from there. */
export interface LeftBehind {
  readonly kind: string;
  readonly name: string;
  readonly change: Change;
  readonly fate: string;
}

/**
 * What tables lose that leave a parent: that its readers see their rows, and what they had from it and do not declare. A partition
 * that is detached is told by its bounds. Pure.
 */
export function leftBehind(from: Catalogue, to: Catalogue, changes: readonly Change[]): LeftBehind[] {
  return from.facts.facts().flatMap(({ id }): LeftBehind[] => {
    if (id.kind !== "table" || !to.facts.has(id)) return [];
    const table = { ...id, kind: "table" } as const;
    const left = leftOf(table, from, to);
    if (left.length === 0) return [];
    const { kind, name, path } = describe(table);
    const own = changes.find((change) => change.kind === kind && change.name === name);
    const change: Change = own ?? {
      change: "changed",
      kind,
      name,
      path,
      on: undefined,
      summary: undefined,
      properties: [],
      planned: true,
    };
    const parents = new Set(parentsOf(table, from).map(encodeId));
    const isPartition = textOf(from.facts, table, "partitionBound") !== undefined;
    return [
      // Whoever reads a parent that goes learns of that.
      ...left
        .filter((parent) => !isPartition && parents.has(encodeId(parent)) && to.facts.has(parent))
        .map((parent) => ({
          kind,
          name,
          change,
          fate: `no longer inherits from ${describe(parent).name}, whose readers no longer see its rows`,
        })),
      ...left.flatMap((parent) => constraintsLeft(table, parent, { from, to, change, isPartition })),
      ...left.flatMap((parent) => columnsLeft(table, parent, from, to)),
    ];
  });
}

/** All that a table does not inherit from any more, directly or not. */
function leftOf(table: Table, from: Catalogue, to: Catalogue): Table[] {
  const now = new Set(ancestors(table, to).map(encodeId));
  const before = new Map(ancestors(table, from).map((parent) => [encodeId(parent), parent]));
  return [...before].flatMap(([key, parent]) => (now.has(key) ? [] : [parent]));
}

function ancestors(table: Table, side: Catalogue): Table[] {
  return parentsOf(table, side).flatMap((parent) => [parent, ...ancestors(parent, side)]);
}

interface Leaving {
  readonly from: Catalogue;
  readonly to: Catalogue;
  /** Of the table. */
  readonly change: Change;
  readonly isPartition: boolean;
}

function constraintsLeft(table: Table, parent: Table, { from, to, change, isPartition }: Leaving): LeftBehind[] {
  const declared = constraintsOf(table, from.facts);
  const kept = [table, ...ancestors(table, to)].flatMap((one) => constraintsOf(one, to.facts));
  return constraintsOf(parent, from.facts).flatMap((constraint): LeftBehind[] => {
    const { name, type, def } = constraint;
    const isInherited = isPartition || (type === "c" && !/ NO INHERIT(?: NOT VALID| NOT ENFORCED)?$/.test(def));
    const isAmong = (list: readonly Constraint[]): boolean =>
      list.some((one) => one.def === def || (one.name === name && one.type === type));
    if (!isInherited || isAmong(declared) || isAmong(kept)) return [];
    // What has an index has another name in each partition.
    if (type !== "c" && type !== "f")
      return [{ kind: "table", name: change.name, change, fate: `no longer has ${def}` }];
    return [lost(table, parent, { kind: "constraint", schema: table.schema, table: table.name, name }, def)];
  });
}

interface Constraint {
  readonly name: string;
  readonly type: string;
  readonly def: string;
}

function constraintsOf(table: Table, facts: Facts): Constraint[] {
  return facts.childrenOf(table).flatMap(({ id }) => {
    const [type, def] = [textOf(facts, id, "type"), textOf(facts, id, "def")];
    return id.kind !== "constraint" || type === undefined || def === undefined ? [] : [{ name: id.name, type, def }];
  });
}

/** NOT NULL and defaults of columns that it declares now and had from a parent. */
function columnsLeft(table: Table, parent: Table, from: Catalogue, to: Catalogue): LeftBehind[] {
  const now = columnsOf(table, to.facts);
  return from.facts.childrenOf(parent).flatMap(({ id, payload }): LeftBehind[] => {
    if (id.kind !== "column" || !now.has(id.name)) return [];
    const own: ObjectId = { ...id, schema: table.schema, table: table.name };
    if (from.facts.has(own)) return [];
    const given = [from.facts, to.facts].map((facts, at) => defaultOf(at === 0 ? id : own, facts));
    const isNullable = payload["notNull"] === true && now.get(id.name)?.notNull === false;
    return [
      ...(isNullable ? [{ ...lost(table, parent, own), kind: "not null" }] : []),
      ...(given[0] !== undefined && given[1] === undefined ? [lost(table, parent, { ...own, kind: "default" })] : []),
    ];
  });
}

function defaultOf(column: ObjectId, facts: Facts): string | undefined {
  const found = facts.childrenOf(column).find(({ id }) => id.kind === "default");
  return found && textOf(facts, found.id, "expr");
}

/** Something that a table had from a parent; the files speak of it where they speak of that one. */
function lost(table: Table, parent: Table, id: ObjectId, summary?: string): LeftBehind {
  const { kind, name, path }: Described = describe(id);
  const on = describe(table);
  const place = [parent.schema, parent.name, ...path.slice(2)];
  return {
    kind,
    name,
    change: {
      change: "dropped",
      kind,
      name,
      path: place,
      on: { kind: on.kind, name: on.name },
      summary,
      properties: [],
      planned: true,
    },
    fate: `does not hold without ${describe(parent).name}`,
  };
}
