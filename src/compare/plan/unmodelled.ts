import type { Catalogue } from "../catalogue/catalogue.ts";
import { unmodelledDifferences } from "../catalogue/changes.ts";
import type { Unmodelled, UnmodelledDifference } from "../catalogue/unmodelled.ts";
import { furtherParents } from "./corrections.ts";
import { withBaseTypes } from "./base-types.ts";
import { NOT_NULL, notNullChange } from "./not-null.ts";
import { type PlannedStatement, rowsHazard, statementOf } from "./statement.ts";
import { isDefinedAlike, nameOf, objectChange, objectWays, SHELL } from "./unmodelled-objects.ts";
import { partitionedIndexChange, propertyChange, propertyWays } from "./unmodelled-properties.ts";

/**
 * A plan, and what brings about whatever pg-delta does not model: what is no more is taken away before anything that it
 * needs, and what is new is made after. Kinds that are written by hand are left out. Pure.
 */
export function withUnmodelled(
  planned: readonly PlannedStatement[],
  from: Catalogue,
  to: Catalogue,
): PlannedStatement[] {
  const first: PlannedStatement[] = [];
  const last: PlannedStatement[] = [];
  const differences = unmodelledDifferences(from, to).toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind));
  const types = differences.filter(isOtherType);
  for (const { from: before, to: after, kind } of differences.filter((one) => !types.includes(one))) {
    if (before === undefined && isMadeWithTable(after!, from, to)) continue;
    if (kind === "partitioned index" && from.facts.has({ kind: "index", ...(before ?? after)!.relation! })) {
      last.push(...partitionedIndexChange(before, after, to.facts).map(statementOf));
    } else if (kind === NOT_NULL) {
      const change = notNullChange(before, after, to);
      first.unshift(...change.first.map(statementOf));
      last.push(...change.last.map(statementFor));
    } else if (before === undefined) last.push(...creation(after!, to).map(statementFor));
    else if (after !== undefined) {
      const changes = objectChange(before, after, to.builder) ?? propertyChange(before, after, to);
      last.push(...changes.map(statementOf));
    } else {
      const reset = propertyWays(before, to)?.drop ?? [];
      first.unshift(...(objectWays(before, to.builder)?.drop ?? []).map(statementOf));
      // The index may be gone by then, or made anew.
      if (kind.startsWith("index ")) first.push(...reset.map(statementOf));
      else last.push(...reset.map((sql) => ({ ...statementOf(sql), ifThere: true })));
    }
  }
  const middle = types.length === 0 ? planned : withBaseTypes(planned, types, to.builder);
  return [...first, ...middle, ...last];
}

/** A base type that comes, goes or is defined in another way. */
function isOtherType({ kind, from, to }: UnmodelledDifference): boolean {
  return kind === "base type" && (from === undefined || to === undefined || !isDefinedAlike(from, to));
}

function statementFor(sql: string): PlannedStatement {
  return / SET NOT NULL$| VALIDATE CONSTRAINT | ADD CONSTRAINT .* NO INHERIT$/s.test(sql)
    ? { ...statementOf(sql), rows: rowsHazard("null") }
    : statementOf(sql);
}

/** A new table may have all its parents from the beginning. */
function isMadeWithTable({ kind, relation }: Unmodelled, from: Catalogue, to: Catalogue): boolean {
  if (kind !== "further parents" || relation === undefined || from.facts.has({ kind: "table", ...relation }))
    return false;
  return furtherParents(relation, to).length > 0;
}

function creation(object: Unmodelled, side: Catalogue): readonly string[] {
  return (objectWays(object, side.builder) ?? propertyWays(object, side))?.create ?? [];
}

/** The statements that make all of it in an empty database, in an order that works. Pure. */
export function creationsOf(
  empty: Catalogue,
  live: Catalogue,
): { readonly object: Unmodelled; readonly statements: readonly string[] }[] {
  return live.unmodelled
    .filter((object) => !isMadeWithTable(object, empty, live))
    .toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind))
    .flatMap((object) => {
      const statements = creation(object, live);
      // The functions that make it one need its name.
      const shell = { object: { ...object, kind: "shell type" }, statements: [`CREATE ${nameOf(object)}`] };
      if (object.kind === "base type" && object.definition === SHELL) return [{ ...shell, statements }];
      if (object.kind === "base type") return [shell, { object, statements }];
      return statements.length === 0 ? [] : [{ object, statements }];
    });
}

/** What comes later may need what comes before. Properties follow. */
const ORDER: readonly string[] = [
  "language",
  "access method",
  "operator",
  "operator family",
  "operator class",
  "cast",
  "transform",
  "conversion",
  "text search template",
  "text search parser",
  "text search dictionary",
  "text search configuration",
  "statistics object",
];

function rankOf(kind: string): number {
  return ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length;
}
