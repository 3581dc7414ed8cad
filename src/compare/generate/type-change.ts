import { ConfitureError } from "#errors/error.ts";
import { clipName } from "#sql/clip-name.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { textOf } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { publishedHazard } from "../plan/published.ts";
import { backfillOptions, filledHazard } from "./backfill-options.ts";
import {
  columnId,
  type ColumnId,
  dependentInWords,
  dependentsOf,
  ownObstacleOf,
  stateOf,
  tableObstacleOf,
} from "./column-facts.ts";
import { castOf } from "./expression.ts";
import {
  type MovedConstraint,
  type MovedIndex,
  type MovedReference,
  readConstraint,
  readIndex,
  readReference,
  type Renaming,
} from "./moved-keys.ts";
import { type MovedSequence, movedSequence } from "./moved-sequences.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/** Columns of one table that get wider types, and what is made anew for them there. */
export interface ChangedTable extends SyncedColumns {
  readonly constraints: readonly MovedConstraint[];
  readonly indexes: readonly MovedIndex[];
  readonly sequences: readonly MovedSequence[];
  /** Comments on columns, by their name in the end. */
  readonly comments: ReadonlyMap<string, string>;
}

/** Columns that get wider types, with the keys that they are part of, and the foreign keys of other tables to those. */
export interface TypeChange {
  readonly tables: readonly [ChangedTable, ...ChangedTable[]];
  readonly references: readonly MovedReference[];
}

/**
 * Casts that never fail and lose nothing, so that the statements of the release that writes the old type go on working.
 * All of them make PostgreSQL write the table anew.
 */
const WIDENING: Readonly<Record<string, readonly string[]>> = {
  smallint: ["integer", "bigint", "numeric", "text"],
  integer: ["bigint", "numeric", "text"],
  bigint: ["numeric", "text"],
  real: ["double precision"],
  boolean: ["text"],
  uuid: ["text"],
};

/**
 * The whole difference between two catalogues, where that is columns that get wider types; undefined where it is something
 * else, or a column of no key that has something of its own. Pure.
 * @throws ConfitureError `generate_refused` for a key that cannot be made in steps
 */
export function findTypeChange(from: Catalogue, to: Catalogue, name: string | undefined): TypeChange | undefined {
  const changes = compareCatalogues(from, to);
  const columns = changes.filter(({ kind }) => kind === "column").map(({ path }) => columnId(path));
  if (columns.length === 0 || !changes.every((change) => isPartOfIt(change, from, to))) return undefined;
  const isOfKey = columns.some((id) => dependentsOf(from, id).some(({ kind }) => kind === "constraint"));
  const refuse = (id: ColumnId, why: string): ConfitureError =>
    new ConfitureError(
      "generate_refused",
      `${id.schema}.${id.table}.${id.name} cannot get another type online: ${why}`,
      {
        hint:
          "Nothing was written. What belongs to a column (a view, a CHECK, rights) can be taken away in a migration before, and made in one behind. " +
          "Without --online the table is rewritten while others wait. Or write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.",
      },
    );
  const references = new Map<string, MovedReference>();
  const byTable = new Map<string, ColumnId[]>();
  for (const id of columns) {
    const obstacle = obstacleFor(id);
    if (obstacle !== undefined && !isOfKey) return undefined;
    if (obstacle !== undefined) throw refuse(id, obstacle);
    const key = encodeId({ kind: "table", schema: id.schema, name: id.table });
    byTable.set(key, [...(byTable.get(key) ?? []), id]);
  }
  const tables = [...byTable.values()].map(changedTable);
  return { tables: tables as [ChangedTable, ...ChangedTable[]], references: [...references.values()] };

  /** Also takes notice of the foreign keys that the column is part of. */
  function obstacleFor(id: ColumnId): string | undefined {
    const obstacle = tableObstacleOf(from, id) ?? ownObstacleOf(from, id);
    if (obstacle !== undefined) return obstacle;
    const renaming = renamingOf(columns);
    for (const dependent of dependentsOf(from, id)) {
      if (dependent.kind === "comment") continue;
      if (dependent.kind === "index") {
        const index = readIndex(from, dependent, renaming);
        if (index === undefined) return dependentInWords(dependent, from);
        if (from.facts.has({ ...dependent, name: index.newName })) return `the name ${index.newName} is taken`;
        continue;
      }
      if (dependent.kind !== "constraint") return dependentInWords(dependent, from);
      if (textOf(from.facts, dependent, "type") !== "f") {
        if (readConstraint(from, dependent, renaming) === undefined) return dependentInWords(dependent, from);
        continue;
      }
      const reference = readReference(from, dependent, renaming);
      if (typeof reference === "string") return reference;
      references.set(encodeId(dependent), reference);
    }
    const fresh = { ...id, name: shadowOf(id.name) };
    if (from.facts.has(fresh)) return `the name ${fresh.name} is taken`;
    return movedSequence(from, to, id, fresh.name)?.obstacle;
  }

  function changedTable(ids: readonly ColumnId[]): ChangedTable {
    const [{ schema, table }] = ids as [ColumnId];
    const renaming = renamingOf(columns);
    const old = ids.map((id) => stateOf(from, id));
    const fresh = ids.map((id) => ({ ...stateOf(to, id), name: shadowOf(id.name) }));
    const dependents = new Map(ids.flatMap((id) => dependentsOf(from, id)).map((id) => [encodeId(id), id]));
    const of = <T>(kind: ObjectId["kind"], read: (id: ObjectId) => T | undefined): T[] =>
      [...dependents.values()].flatMap((id) => (id.kind === kind ? (read(id) ?? []) : []));
    return {
      schema,
      table,
      old,
      fresh,
      forward: old.map((column, index) => castOf(column.name, fresh[index]!.type)),
      backward: old.map((column, index) => castOf(fresh[index]!.name, column.type)),
      isTwoWay: false,
      isLossy: false,
      backfill: backfillOptions(from.facts, schema, table),
      filling: filledHazard(from.facts, schema, table),
      published: publishedHazard(from.facts, schema, table),
      change: name,
      constraints: of("constraint", (id) => readConstraint(from, id, renaming)),
      indexes: of("index", (id) => readIndex(from, id, renaming)),
      sequences: ids.flatMap((id) => movedSequence(from, to, id, shadowOf(id.name))?.moved ?? []),
      comments: new Map(
        ids.flatMap((id) => {
          const text = textOf(from.facts, { kind: "comment", target: id }, "text");
          return text === undefined ? [] : [[id.name, text] as const];
        }),
      ),
    };
  }
}

/** What a column is called while the old one is there. Pure. */
function shadowOf(name: string): string {
  return `${clipName(name, 58)}__new`;
}

/** Names of columns while both are there, by table. */
function renamingOf(columns: readonly ColumnId[]): Renaming {
  return (table) =>
    new Map(
      columns
        .filter((id) => id.schema === table.schema && id.table === table.name)
        .map(({ name }) => [name, shadowOf(name)]),
    );
}

/** A column that gets a wider type, or the sequence of one. */
function isPartOfIt({ change, kind, path, properties }: Change, from: Catalogue, to: Catalogue): boolean {
  if (change !== "changed") return false;
  const names = properties.map(({ property }) => property);
  if (kind === "sequence") return names.every((name) => OF_SEQUENCE.has(name));
  if (kind !== "column" || !names.includes("type")) return false;
  if (names.some((name) => name !== "type" && name !== "identity")) return false;
  const id = columnId(path);
  return WIDENING[stateOf(from, id).type]?.includes(stateOf(to, id).type) === true;
}

/** What follows from the type of its column. */
const OF_SEQUENCE: ReadonlySet<string> = new Set(["dataType", "maxValue", "minValue"]);
