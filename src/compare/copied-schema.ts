import { comparePaths } from "#build/order.ts";
import type { Database } from "#database/database.ts";
import { type Catalogue, readCatalogue } from "./catalogue/catalogue.ts";
import { type Change, isUnfinishedIndex } from "./catalogue/changes.ts";
import { mainOwner, onTerms, type Terms } from "./catalogue/terms.ts";
import { factsOf } from "./engine/facts.ts";
import { textOf, withoutObjects, withPayloads } from "./engine/lookups.ts";
import { giveBackMemory } from "./engine/memory.ts";
import { encodeId, type ObjectId } from "./engine/object-id.ts";
import { copiable, type LeftOut } from "./copiable.ts";
import { withEventTriggersOff } from "./event-triggers.ts";
import { validateBelow } from "./kinds/constraint-validity.ts";
import type { Extra } from "./kinds/kind.ts";
import { constraintOn, isUncheckedNotNull } from "./kinds/not-null-constraint.ts";
import type { ScratchOptions } from "#scratch/scratch.ts";
import { compareOnTerms } from "./sources/comparison.ts";
import { progressTable } from "#migrate/fill/progress.ts";
import { allLedgers } from "#migrate/ledger/find.ts";
import { COLUMN_ORDER, type Detail, detailId, readDetails, UNFILLED } from "./tree/details.ts";
import { withNotNullOnce } from "./plan/not-null.ts";
import { planFiles } from "./tree/statements.ts";

/** Is there as long as a copy that is made in place is not whole. */
export const INCOMPLETE_SCHEMA = "confiture_sync_incomplete";

/** The schema of a database that is to be copied, as far as it can be. */
export interface SourceSchema {
  readonly catalogue: Catalogue;
  readonly details: readonly Detail[];
}

/** Statements that make a schema, in two parts: rows go in between. */
export interface CopyStatements {
  /** Types, functions, tables without keys. */
  readonly before: readonly string[];
  /** Keys, indexes, views, foreign keys, triggers, policies and everything else; materialized views are not filled, and event triggers are off. */
  readonly after: readonly string[];
  /** What hides rows from their owner, who makes the copy and has to see them until it is proven; and then event triggers are set on. */
  readonly last: readonly string[];
  /** What the target is to hold in the end, to be compared with what it does. */
  readonly wanted: Catalogue;
  /** What the source has and the target cannot have. */
  readonly left: LeftOut;
}

const TERMS: Terms = { owners: false, grants: true, extensionVersions: false };

/**
 * Reads what there is to copy, with the tables of other tools' histories.
 * @param table the ledger's name: its table is copied with its rows, not made from a catalogue
 */
export async function readSourceSchema(database: Database, table: string): Promise<SourceSchema> {
  return { catalogue: await readWhole(database, table), details: await readDetails(database) };
}

async function readWhole(database: Database, table: string): Promise<Catalogue> {
  const ledgers = await allLedgers(database, table);
  const catalogue = await readCatalogue(database, [...ledgers, ...ledgers.map(progressTable)], "keep");
  return { ...catalogue, builder: undefined, inUse: true, ledgerSchema: ledgers[0]?.schema };
}

/** Kinds that can wait until the rows are there. */
const LATE: ReadonlySet<ObjectId["kind"]> = new Set<ObjectId["kind"]>([
  "index",
  "trigger",
  "rule",
  "policy",
  "view",
  "materializedView",
  "publication",
  "publicationRel",
  "publicationSchema",
  "eventTrigger",
  "defaultPrivilege",
]);

const HIDES = /^ALTER TABLE .* FORCE ROW LEVEL SECURITY$/s;

/** Properties of tables that need what comes late. */
const LATE_EXTRAS: ReadonlySet<string> = new Set([
  "clustered index",
  "statistics object",
  "partitioned index",
  "trigger state",
  "foreign key trigger",
]);

/**
 * The statements that make of an empty database what a source is, in two parts. Pure.
 * @param roles those of the target's server
 * @throws ConfitureError `export_unproven` when no statements are known for something
 */
export function planCopy(empty: Catalogue, source: SourceSchema, roles: ReadonlySet<string>): CopyStatements {
  const { live, left } = copiable(source.catalogue, roles);
  const details = source.details.filter((detail) => detail.kind === "index" || live.facts.has(detailId(detail)));
  const room = { ...empty, facts: withoutObjects(empty.facts, [{ kind: "schema", name: INCOMPLETE_SCHEMA }]) };
  const { from, to } = onTerms(room, live, TERMS);
  const early = earlyPart(to);
  const builders = [mainOwner(empty), mainOwner(live)];
  const ofEarly = (detail: Detail): boolean => early.facts.has(detailId(detail));
  const before = statementsOf(from, early, details.filter(ofEarly), builders);
  giveBackMemory();
  const rest = [...details.filter((detail) => !ofEarly(detail)), ...unfilledViews(to)];
  // What the planner does not know is made whenever it is among what there is to be.
  const made = new Set(early.extras.map(keyOf));
  const extras = to.extras.filter((extra) => !made.has(keyOf(extra)));
  const remaining = { ...to, facts: withNotNullOnce(to.facts, early, early), extras };
  const after = [...statementsOf(early, remaining, rest, builders), ...validateBelow(to)];
  giveBackMemory();
  const { made: finishing, states } = withEventTriggersOff(after.filter((sql) => !HIDES.test(sql)));
  return {
    before: before.filter((sql) => !HIDES.test(sql)),
    after: finishing,
    last: [...[...before, ...after].filter((sql) => HIDES.test(sql)), ...states],
    wanted: live,
    left,
  };
}

/** What a copy of a source is to hold, as far as its server has the roles. Pure. */
export function wantedCopy(source: SourceSchema, roles: ReadonlySet<string>): Catalogue {
  return copiable(source.catalogue, roles).live;
}

function keyOf({ kind, path }: Extra): string {
  return JSON.stringify([kind, ...path]);
}

/** Materialized views are made without rows: filling one runs its query, and what that reads need not be in the copy. */
function unfilledViews({ facts }: Catalogue): Detail[] {
  return facts.facts().flatMap(({ id }): Detail[] => {
    if (id.kind !== "materializedView") return [];
    const { kind, schema, name } = id;
    return [{ kind, schema, name, part: null, property: UNFILLED, value: "none", statement: null }];
  });
}

/** Materialized views that nobody has filled on the source, as `schema.name`. */
export function unfilledOnSource({ details }: SourceSchema): ReadonlySet<string> {
  const unfilled = details.filter(({ property }) => property === UNFILLED);
  return new Set(unfilled.map(({ schema, name }) => `${schema}.${name}`));
}

function statementsOf(
  from: Catalogue,
  to: Catalogue,
  details: readonly Detail[],
  builders: readonly (string | undefined)[],
): string[] {
  return planFiles(from, to, details, builders)
    .toSorted((a, b) => comparePaths(a.path, b.path))
    .flatMap(({ statements }) => statements);
}

/** A catalogue without what can wait until rows are there, and with everything that the rest needs. */
function earlyPart(catalogue: Catalogue): Catalogue {
  const { facts } = catalogue;
  const isLate = (id: ObjectId): boolean => {
    if (id.kind === "comment" || id.kind === "acl" || id.kind === "securityLabel") return isLate(id.target);
    if (id.kind === "constraint") {
      // Rows that were there before a check that is not validated need not pass it.
      return (
        facts.get(id)?.payload["validated"] === false || ["p", "u", "x", "f"].includes(textOf(facts, id, "type") ?? "")
      );
    }
    const parent = facts.get(id)?.parent;
    return LATE.has(id.kind) || (parent !== undefined && isLate(parent));
  };
  const needed = new Set<string>();
  const waiting = facts.facts().flatMap(({ id }) => (isLate(id) ? [] : [id]));
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const key = encodeId(id);
    const fact = facts.get(id);
    if (fact === undefined || needed.has(key)) continue;
    needed.add(key);
    if (fact.parent !== undefined) waiting.push(fact.parent);
    // A table names the index of its replica identity, which can be told later.
    for (const { kind, to } of facts.outgoingEdges(id))
      if (kind !== "owner" && !(id.kind === "table" && isLate(to))) waiting.push(to);
  }
  const late = facts.facts().filter(({ id }) => !needed.has(encodeId(id)));
  const kept = factsOf(
    facts,
    facts.facts().filter(({ id }) => needed.has(encodeId(id))),
  );
  // With row security the owner, too, could be kept from writing; it comes with the policies.
  const plain = withPayloads(kept, ({ id }) => id.kind === "table", {
    rowSecurity: false,
    forceRowSecurity: false,
    replicaIdentity: "d",
    replicaIdentityIndex: null,
  });
  // Rows that were there before a NOT NULL that is not validated may have NULL.
  const unchecked = { extras: catalogue.extras.filter(isUncheckedNotNull) };
  const isNullable = (id: ObjectId): boolean => id.kind === "column" && constraintOn(id, unchecked) !== undefined;
  const nullable = withPayloads(plain, ({ id }) => isNullable(id), { notNull: false });
  const gone = new Set(
    late.flatMap(({ id }) => ("schema" in id && "name" in id && !("table" in id) ? [`${id.schema}.${id.name}`] : [])),
  );
  return {
    ...catalogue,
    facts: nullable,
    extras: catalogue.extras.filter(
      (extra) =>
        !isUncheckedNotNull(extra) &&
        !LATE_EXTRAS.has(extra.kind) &&
        !extra.kind.startsWith("index ") &&
        !(extra.relation !== undefined && gone.has(`${extra.relation.schema}.${extra.relation.name}`)),
    ),
  };
}

/** What a target holds otherwise than it should: nothing, after a copy. */
export async function compareCopied(
  options: ScratchOptions,
  database: Database,
  wanted: Catalogue,
  table: string,
): Promise<{ readonly changes: readonly Change[]; readonly unreworded: readonly string[] }> {
  const built = await readWhole(database, table);
  const { changes, unreworded } = await compareOnTerms(options, built, wanted, TERMS);
  return { changes: changes.filter((change) => !isUnfinishedIndex(change)), unreworded };
}

/** The order of columns of tables, which no comparison of catalogues sees. */
export function columnOrders({ details }: Pick<SourceSchema, "details">): readonly Detail[] {
  return details.filter(({ property }) => property === COLUMN_ORDER);
}

/** Tables whose columns a copy has in another order: partitions and children begin with those of their parent. */
export async function reorderedTables(database: Database, orders: readonly Detail[]): Promise<string[]> {
  const made = new Map(
    (await readDetails(database)).flatMap((detail) =>
      detail.property === COLUMN_ORDER ? [[encodeId(detailId(detail)), detail.value]] : [],
    ),
  );
  return orders.flatMap((detail) => {
    const value = made.get(encodeId(detailId(detail)));
    return value === undefined || value === detail.value ? [] : [`${detail.schema}.${detail.name}`];
  });
}
