import { type Facts, factsOf } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { columnsOf, parentTable, textOf, withoutObjects } from "../engine/lookups.ts";
import type { Extra } from "../kinds/kind.ts";
import { joining, type Place } from "./joining.ts";
import { isReferenced, referencesTo } from "./references.ts";
import { type PlannedStatement, rowsHazard, statementOf } from "./statement.ts";

/** Tables that change their place among others and keep their rows. */
export interface Moves {
  /** They leave their parents before anything else. */
  readonly first: readonly PlannedStatement[];
  /** They join theirs at the end. */
  readonly last: readonly PlannedStatement[];
  /** Foreign keys to partitioned tables that rows come to with those: what they refer to is there only then. */
  readonly references: readonly ObjectId[];
  /** What is left to plan: with those tables as they are to be. What else differs about them is for the next round. */
  readonly from: Facts;
  /** With tables whose parent is made anew as they are, until it is there. */
  readonly to: Facts;
}

/**
 * The planner drops a table and makes it anew to attach it to a partitioned table, to detach it, or to inherit from another
 * one; PostgreSQL moves it with its rows. Where it does not fit as it is, the planner has its way. Pure.
 */
export function planMoves(from: Facts, to: Facts, extras: readonly Extra[]): Moves {
  const first: PlannedStatement[] = [];
  const last: PlannedStatement[] = [];
  const moved: ObjectId[] = [];
  const waiting: ObjectId[] = [];
  const left: Named[] = [];
  const joined: Named[] = [];
  for (const { id } of to.facts()) {
    if (id.kind !== "table" || !from.has(id)) continue;
    const [before, after] = [placeOf(id, from), placeOf(id, to)];
    // A default partition has the same place in a table that is made anew.
    const stays = after.parent === undefined || !isMadeAnew(after.parent, from, to);
    if ((Bun.deepEquals(before, after) && stays) || textOf(from, id, "partitionKey") !== textOf(to, id, "partitionKey"))
      continue;
    const table = { ...id, kind: id.kind };
    // Columns come and go with those of the parent while it has the partition.
    if (before.bound !== undefined && after.bound !== undefined && changesColumns(before, after, from, to)) {
      waiting.push(id);
      continue;
    }
    const ways =
      before.parent === undefined
        ? joining(table, after, from, { facts: to, extras })
        : [leaving(table, before, from, to)];
    if (ways === undefined) continue;
    if (before.parent === undefined && after.parent !== undefined && isMadeAnew(after.parent, from, to)) {
      waiting.push(...withBelow(id, to));
      joined.push(after.parent);
      continue;
    }
    (before.parent === undefined ? last : first).push(...ways);
    moved.push(...withBelow(id, to));
    if (before.bound !== undefined) left.push(before.parent!);
    else if (before.parent === undefined && after.bound !== undefined) joined.push(after.parent!);
  }
  first.unshift(...referencesThatGo(left, from, to));
  const references = joined.flatMap((table) => referencesTo(table, to));
  const tooEarly = joined.filter((table) => isMadeAnew(table, from, to)).flatMap((table) => referencesTo(table, to));
  const target = withoutObjects(withTablesOf(to, from, waiting), tooEarly);
  return { first, last, references, from: withTablesOf(from, to, moved), to: target };
}

/** A table, and those that are its partitions or inherit from it, at any level. */
function withBelow(table: ObjectId, facts: Facts): ObjectId[] {
  const children = facts.facts().filter(({ id }) => {
    const parent = id.kind === "table" ? parentTable(facts, id) : undefined;
    return parent !== undefined && encodeId({ kind: "table", ...parent }) === encodeId(table);
  });
  return [table, ...children.flatMap(({ id }) => withBelow(id, facts))];
}

/** No statement changes how a table is partitioned. Pure. */
export function isMadeAnew(table: Named, from: Facts, to: Facts): boolean {
  const id = { kind: "table", schema: table.schema, name: table.name } as const;
  return from.has(id) && to.has(id) && textOf(from, id, "partitionKey") !== textOf(to, id, "partitionKey");
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

function placeOf(table: ObjectId, facts: Facts): Place {
  return { parent: parentTable(facts, table), bound: textOf(facts, table, "partitionBound") };
}

/** Whether the columns of a parent that stays the same change. */
function changesColumns({ parent }: Place, after: Place, from: Facts, to: Facts): boolean {
  if (parent === undefined || !Bun.deepEquals(parent, after.parent) || isMadeAnew(parent, from, to)) return false;
  const [old, wanted] = [from, to].map((facts) => new Set(columnsOf({ kind: "table", ...parent }, facts).keys()));
  return old!.symmetricDifference(wanted!).size > 0;
}

function leaving({ schema, name }: Named, { parent, bound }: Place, from: Facts, to: Facts): PlannedStatement {
  const [table, of] = [quoteQualified(schema, name), quoteQualified(parent!.schema, parent!.name)];
  if (bound === undefined) return statementOf(`ALTER TABLE ${table} NO INHERIT ${of}`);
  const going = referencesThatGo([parent!], from, to).flatMap(({ removes }) => removes);
  return detachment({ schema, name }, parent!, withoutObjects(from, going));
}

/** What takes a partition out of its table: rows that others refer to stay in it. Pure. */
export function detachment(partition: Named, parent: Named, facts: Facts): PlannedStatement {
  const [table, of] = [partition, parent].map(({ schema, name }) => quoteQualified(schema, name));
  return {
    ...statementOf(`ALTER TABLE ${of} DETACH PARTITION ${table}`),
    ...(isReferenced(parent, facts) ? { rows: rowsHazard("referenced") } : {}),
  };
}

/** Foreign keys to partitioned tables that would keep partitions from leaving, and are not to stay or go with the table. Pure. */
function referencesThatGo(tables: readonly Named[], from: Facts, to: Facts): PlannedStatement[] {
  const keys = tables.flatMap((table) => {
    const isAnew = isMadeAnew(table, from, to);
    return referencesTo(table, from).filter((key) => isAnew || textOf(from, key, "def") !== textOf(to, key, "def"));
  });
  return [...new Map(keys.map((key) => [encodeId(key), key])).values()].map((key) => ({
    ...statementOf(`ALTER TABLE ${quoteQualified(key.schema, key.table)} DROP CONSTRAINT ${quoteIdentifier(key.name)}`),
    removes: [key],
  }));
}

/** `from`, with some tables and what belongs to them as they are in `to`. */
function withTablesOf(from: Facts, to: Facts, tables: readonly ObjectId[]): Facts {
  if (tables.length === 0) return from;
  const within = (facts: Facts): Set<string> => {
    const found = new Set<string>();
    const add = (id: ObjectId): void => {
      found.add(encodeId(id));
      for (const child of facts.childrenOf(id)) add(child.id);
    };
    tables.forEach(add);
    return found;
  };
  const [old, wanted] = [within(from), within(to)];
  const isIn = (ids: ReadonlySet<string>, id: ObjectId): boolean => ids.has(encodeId(id));
  return factsOf(
    from,
    [
      ...from.facts().filter(({ id }) => !isIn(old, id) && !isIn(wanted, id)),
      ...to.facts().filter(({ id }) => isIn(wanted, id)),
    ],
    [...from.edges.filter((edge) => !isIn(old, edge.from)), ...to.edges.filter((edge) => isIn(wanted, edge.from))],
  );
}
