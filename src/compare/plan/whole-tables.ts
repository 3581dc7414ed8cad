import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import { writeTable } from "../engine/made-table.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { parentTable, textOf } from "../engine/lookups.ts";

/** With foreign keys that come and go with their tables, as far as the order of these allows it. Pure. */
export function withWholeTables(actions: readonly Action[], from: Facts, to: Facts): Action[] {
  return withForeignKeysInside(withoutKeysOfDropped(referencingFirst(actions, from), from), to);
}

/** Puts foreign keys into the statements that make their tables, where all that they refer to is there by then. Pure. */
function withForeignKeysInside(actions: readonly Action[], to: Facts): Action[] {
  const madeAt = new Map(
    actions.flatMap(({ produces }, index) => produces.map((id) => [encodeId(id), index] as const)),
  );
  const result: (Action | undefined)[] = [...actions];
  for (const [index, action] of actions.entries()) {
    const { element, newSegmentBefore } = action;
    const [made] = action.produces;
    if (element === undefined || made?.kind !== "constraint" || newSegmentBefore) continue;
    if (textOf(to, made, "type") !== "f") continue;
    const at = madeAt.get(encodeId({ kind: "table", schema: made.schema, name: made.table } satisfies ObjectId));
    const whole = at === undefined ? undefined : result[at];
    if (at === undefined || whole?.table === undefined || whole.table.elements.length === 0) continue;
    const needs = [...action.consumes, ...to.outgoingEdges(made).map((edge) => edge.to)];
    if (needs.some((id) => (madeAt.get(encodeId(id)) ?? -1) > at)) continue;
    const table = { ...whole.table, elements: [...whole.table.elements, element] };
    result[at] = {
      ...whole,
      sql: writeTable(table),
      table,
      produces: [...whole.produces, ...action.produces],
      consumes: [...whole.consumes, ...action.consumes],
    };
    result[index] = undefined;
  }
  return result.filter((action) => action !== undefined);
}

/**
 * Tables that are dropped one after the other, with those first that refer to others, so that their foreign keys go with them. In a
 * circle, the order stays. Pure.
 */
function referencingFirst(actions: readonly Action[], from: Facts): Action[] {
  const ordered: Action[] = [];
  for (let start = 0; start < actions.length;) {
    const length = actions.slice(start).findIndex((action) => droppedTable(action) === undefined);
    const end = length < 0 ? actions.length : start + length;
    if (end > start) ordered.push(...inDropOrder(actions.slice(start, end), from));
    else ordered.push(actions[start]!);
    start = Math.max(end, start + 1);
  }
  return ordered;
}

function droppedTable({ verb, destroys: [gone] }: Action): ObjectId | undefined {
  return verb === "drop" && gone?.kind === "table" ? gone : undefined;
}

function inDropOrder(drops: readonly Action[], from: Facts): Action[] {
  const waiting = drops.map((action) => {
    const table = droppedTable(action)!;
    return { action, key: encodeId(table), needs: tablesNeededBy(table, from) };
  });
  const ordered: Action[] = [];
  while (waiting.length > 0) {
    const free = waiting.findIndex(({ key }) => !waiting.some((other) => other.key !== key && other.needs.has(key)));
    ordered.push(...waiting.splice(Math.max(free, 0), 1).map(({ action }) => action));
  }
  return ordered;
}

function tablesNeededBy(table: ObjectId, from: Facts): ReadonlySet<string> {
  const parts = [table, ...from.childrenOf(table).map(({ id }) => id)];
  return new Set(parts.flatMap((id) => from.outgoingEdges(id)).map(({ to }) => encodeId(ownerOf(to))));
}

/** The table that something is a part of, or itself. */
function ownerOf(id: ObjectId): ObjectId {
  return "table" in id && "schema" in id ? { kind: "table", schema: id.schema, name: id.table } : id;
}

/**
 * Without statements that drop a foreign key whose table is dropped as well, while what it refers to is still there: it goes
 * with the table. Pure.
 */
function withoutKeysOfDropped(actions: readonly Action[], from: Facts): Action[] {
  const goneAt = new Map<string, number>();
  for (const [index, { verb, destroys }] of actions.entries()) {
    if (verb !== "drop") continue;
    for (const id of destroys) if (!goneAt.has(encodeId(id))) goneAt.set(encodeId(id), index);
  }
  return actions.filter(({ verb, destroys: [gone, ...more] }) => {
    if (verb !== "drop" || gone?.kind !== "constraint" || more.length > 0) return true;
    if (from.get(gone)?.payload["type"] !== "f") return true;
    const table: ObjectId = { kind: "table", schema: gone.schema, name: gone.table };
    const at = goneAt.get(encodeId(table));
    if (at === undefined) return true;
    return from.outgoingEdges(gone).some(({ to }) => {
      const owner: ObjectId =
        "table" in to && "schema" in to ? { kind: "table", schema: to.schema, name: to.table } : to;
      if (encodeId(owner) === encodeId(table)) return false;
      return [to, owner].some((needed) => (goneAt.get(encodeId(needed)) ?? at) < at);
    });
  });
}

/**
 * Without statements that drop a partition whose table is dropped as well, and takes it along: rows of others, which go as well,
 * may refer to its rows. Pure.
 */
export function withoutPartitionsOfDropped(actions: readonly Action[], from: Facts): Action[] {
  const dropped = new Map(
    actions.flatMap((action) => {
      const table = droppedTable(action);
      return table === undefined ? [] : [[encodeId(table), action] as const];
    }),
  );
  const made = new Set(actions.flatMap(({ produces }) => produces.map(encodeId)));
  const takenBy = Map.groupBy(
    [...dropped].flatMap(([key, action]) => {
      const table = droppedTable(action)!;
      const parent = textOf(from, table, "partitionBound") === undefined ? undefined : parentTable(from, table);
      const whole = parent && dropped.get(encodeId({ kind: "table", ...parent }));
      return whole === undefined || made.has(key) ? [] : [{ action, whole }];
    }),
    ({ whole }) => whole,
  );
  const destroyedWith = (whole: Action): readonly ObjectId[] => [
    ...whole.destroys,
    ...(takenBy.get(whole) ?? []).flatMap(({ action }) => destroyedWith(action)),
  ];
  const taken = new Set([...takenBy.values()].flatMap((parts) => parts.map(({ action }) => action)));
  return actions.flatMap((action) => {
    if (taken.has(action)) return [];
    return takenBy.has(action) ? [{ ...action, destroys: destroyedWith(action) }] : [action];
  });
}
