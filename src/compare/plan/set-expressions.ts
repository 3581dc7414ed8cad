import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { parentTable, textOf, withPayloads } from "../engine/lookups.ts";
import { isVirtual } from "../kinds/generated-column.ts";
import type { RowsHazard } from "#sql/effects/hazard.ts";
import { rowsHazard } from "./statement.ts";

/** The major version from which on a stored generated column can be given another expression (release notes of 17, "ALTER TABLE"). */
const SET_EXPRESSION = 17;

/**
 * `target` with what tells the planner (`scripts/patch-planner.ts`) which generated columns get their new expression where they are, with
 * all that depends on them, instead of being made anew. Pure.
 * @param postgres the major version that the plan is for, where it is known
 */
export function withExpressionsSet(target: Facts, from: Catalogue, to: Catalogue, postgres: number | undefined): Facts {
  const known = Math.min(postgres ?? 0, to.major) >= SET_EXPRESSION;
  return withPayloads(target, (fact) => isSet(fact, from, to, known), { _setsExpression: true });
}

function isSet({ id }: Fact, from: Catalogue, to: Catalogue, known: boolean): boolean {
  if (id.kind !== "column" || !from.facts.has(id)) return false;
  const [before, after] = [from, to].map(({ facts }) => textOf(facts, id, "generatedExpr"));
  if (before === undefined || after === undefined || before === after) return false;
  const isAlike = (property: string, one: ObjectId = id): boolean =>
    textOf(from.facts, one, property) === textOf(to.facts, one, property);
  const table = { kind: "table", schema: id.schema, name: id.table } as const;
  if (!isAlike("type") || !isAlike("collation") || parentTable(to.facts, table) !== undefined) return false;
  // What an expression needs cannot be made anew or become another while it is in it.
  const needs = [from, to].map(({ facts }) =>
    facts.outgoingEdges(id).flatMap((edge) => (edge.kind === "depends" ? [edge.to] : [])),
  );
  const keys = new Set(needs[1]!.map(encodeId));
  const kept = needs[0]!.filter((one) => keys.has(encodeId(one)));
  const isSteady = (one: ObjectId): boolean =>
    one.kind === "column"
      ? isAlike("type", one) && isAlike("collation", one)
      : from.facts.hashOf(one) === to.facts.hashOf(one);
  if (!kept.every(isSteady) || !needs[0]!.every((one) => one.kind !== "column" || !to.facts.has(one) || isSteady(one)))
    return false;
  const virtual = [from, to].map(({ extras }) => isVirtual(extras, [id.schema, id.table, id.name]));
  if (virtual[0] !== virtual[1]) return false;
  return virtual[0] === true ? [from, to].every(({ facts }) => takesVirtual(table, facts)) : known;
}

/** PostgreSQL 18 does not look whether the rows pass the checks of a table, or what a publication has sent of it. */
function takesVirtual(table: { readonly schema: string; readonly name: string }, facts: Facts): boolean {
  const place = { schema: table.schema, name: table.name };
  return !facts.facts().some(({ id, payload }) => {
    if (id.kind === "publicationRel") return id.schema === table.schema && id.table === table.name;
    if (id.kind === "constraint")
      return id.schema === table.schema && id.table === table.name && payload["type"] === "c";
    return id.kind === "table" && Bun.deepEquals(payload["parentTable"], place);
  });
}

/** What rows that are there do to SET EXPRESSION, which computes all of them anew. Pure. */
export function computedHazard(column: ObjectId, to: Facts): RowsHazard | undefined {
  const of = new Set(
    to.incomingEdges(column).flatMap(({ from }) => {
      if (from.kind === "constraint") return [textOf(to, from, "type") ?? ""];
      return from.kind === "index" && textOf(to, from, "def")?.startsWith("CREATE UNIQUE ") === true ? ["u"] : [];
    }),
  );
  if (of.has("u") || of.has("p")) return rowsHazard("unique");
  if (of.has("x")) return rowsHazard("exclusion");
  if (of.has("f")) return rowsHazard("foreign-key");
  if (of.has("c")) return rowsHazard("check");
  return to.get(column)?.payload["notNull"] === true ? rowsHazard("null") : undefined;
}
