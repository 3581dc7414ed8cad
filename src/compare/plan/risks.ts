import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Action } from "../engine/actions.ts";
import type { RowsHazard, RowsReason } from "#sql/effects/hazard.ts";
import { tablesAbove, textOf } from "../engine/lookups.ts";
import { columnConversion } from "./automatic.ts";
import { attributeRisk } from "./composites.ts";
import { staleHazard } from "./computed.ts";
import { demandsMore } from "./domains.ts";
import { withKeys } from "./equal-values.ts";
import { enumChangeOf } from "./enum-columns.ts";
import { boundsHazard, fewNumbersHazard } from "./number-bounds.ts";
import { numbersAgain } from "./numbers-again.ts";
import { sourceOf } from "./numbers-kept.ts";
import { publishedHazard } from "./published.ts";
import { computedHazard } from "./set-expressions.ts";
import { lossHazard, type PlannedStatement, rowsHazard } from "./statement.ts";

/** What a statement may do to rows that are there. */
export type Risk = Pick<PlannedStatement, "loss" | "rows">;

/**
 * What `action`, part of a plan from `from` to `to`, means for rows that are there. Pure.
 * @param made ids of tables that the plan makes anew, and that have no rows
 */
export function riskOf(action: Action, from: Facts, to: Facts, made: ReadonlySet<string>): Risk {
  const [produced] = action.produces;
  const [needed] = action.consumes;
  const [removed] = action.destroys;
  if (removed !== undefined && action.verb === "drop") return removalRisk(removed, action, from, to);
  if (produced !== undefined && action.verb === "create") return asRows(creationRisk(produced, from, to, made));
  const again = numbersAgain(action, from, to);
  if (again?.isSure === true) return again.sql === undefined ? { rows: rowsHazard("restart") } : {};
  const narrowed = needed && boundsHazard(needed, action.sql, from, to);
  if (narrowed !== undefined) return { rows: narrowed };
  if (needed?.kind === "function" && action.verb === "alter") return asRows(staleHazard(needed, from, to));
  const values = enumChangeOf(action, from, to);
  if (values !== undefined) return values.losesValues ? { rows: rowsHazard("removed-value") } : {};
  if (needed?.kind === "column") return attributeRisk(action, from, to) ?? columnRisk(action.sql, needed, from, to);
  if (needed?.kind === "domain" && action.sql.endsWith(" SET NOT NULL")) return { rows: rowsHazard("null") };
  if (needed?.kind === "constraint" && / VALIDATE CONSTRAINT |(?<! NOT) ENFORCED$/.test(action.sql))
    return asRows(constraintRisk(needed, to));
  // A value of an enum that is taken away: rows that hold it make the change fail.
  if (action.dataLoss === "destructive") return { rows: rowsHazard("removed-value") };
  return {};
}

function asRows(rows: RowsHazard | undefined): Risk {
  return rows === undefined ? {} : { rows };
}

function removalRisk(id: ObjectId, { dataLoss }: Action, from: Facts, to: Facts): Risk {
  const { kind } = id;
  // The next number of a sequence of its own is nowhere else; that of a dropped column goes with it.
  if (kind === "sequence") return { loss: lossHazard("next-number") };
  // What a materialized view holds is made of rows that stay.
  if (dataLoss === "none" || kind === "materializedView") return {};
  // What a foreign table shows is somewhere else.
  if (from.get(id)?.parent?.kind === "foreignTable") return {};
  // A column that is made anew is computed anew.
  if ([from, to].every((facts) => textOf(facts, id, "generatedExpr") !== undefined)) return {};
  if (kind !== "table") return { loss: lossHazard("values") };
  return { loss: lossHazard(isWithoutPartitions(id, from) ? "rows-of-partitions" : "rows") };
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** Partitioned, with all its partitions out of it: it holds no rows, unless a database in use has others. */
function isWithoutPartitions({ schema, name }: Named, facts: Facts): boolean {
  if (textOf(facts, { kind: "table", schema, name }, "partitionKey") === undefined) return false;
  const place = { schema, name };
  return !facts.facts().some(({ payload }) => Bun.deepEquals(payload["parentTable"], place));
}

/** Ids of the tables that `actions` make anew, unless partitions bring rows to them. Pure. */
export function tablesMadeAnew(actions: readonly Action[], to: Facts): ReadonlySet<string> {
  const [made, dropped] = (["produces", "destroys"] as const).map(
    (effect) => new Set(actions.flatMap((action) => action[effect].slice(0, 1).map(encodeId))),
  );
  const kept = to.facts().filter(({ id }) => id.kind === "table" && !made!.has(encodeId(id)));
  const filled = new Set(kept.flatMap(({ id }) => tablesAbove(id, to).map(encodeId)));
  return made!.intersection(dropped!).difference(filled);
}

function creationRisk(id: ObjectId, from: Facts, to: Facts, made: ReadonlySet<string>): RowsHazard | undefined {
  const fact = to.get(id);
  // What is made together with its table meets no rows.
  if (fact?.parent === undefined || !from.has(fact.parent) || made.has(encodeId(fact.parent))) return undefined;
  // PostgreSQL reads no row of a foreign table.
  if (fact.parent.kind === "foreignTable") return undefined;
  switch (id.kind) {
    case "column": {
      const { notNull, identity = null, generatedExpr = null } = fact.payload;
      const hasValue = identity !== null || generatedExpr !== null || to.childrenOf(id).some(isDefault);
      if (notNull === true && !hasValue) return rowsHazard("no-value");
      return fewNumbersHazard(fact) ?? (id.kind === "column" ? publishedHazard(to, id.schema, id.table) : undefined);
    }
    case "constraint":
      return fact.payload["validated"] === true ? constraintRisk(id, to) : undefined;
    case "index":
      return textOf(to, id, "def")?.startsWith("CREATE UNIQUE ") === true ? rowsHazard("unique") : undefined;
    case "table": {
      const rest = defaultPartition(fact, from, to);
      return rest === undefined ? undefined : rowsHazard("default-partition", { partition: rest });
    }
    default:
      return undefined;
  }
}

/** The partition that has had the rows of a new one until now, if it stays. */
function defaultPartition({ payload }: Fact, from: Facts, to: Facts): string | undefined {
  if (typeof payload["partitionBound"] !== "string") return undefined;
  const rest = from
    .facts()
    .find(
      ({ id, payload: other }) =>
        id.kind === "table" &&
        other["partitionBound"] === "DEFAULT" &&
        to.get(id)?.payload["partitionBound"] === "DEFAULT" &&
        Bun.deepEquals(other["parentTable"], payload["parentTable"]),
    );
  return rest?.id.kind === "table" ? `${rest.id.schema}.${rest.id.name}` : undefined;
}

function isDefault({ id }: { readonly id: ObjectId }): boolean {
  return id.kind === "default";
}

/** By pg_constraint.contype. */
const REASONS: Readonly<Record<string, RowsReason>> = {
  c: "check",
  f: "foreign-key",
  n: "null",
  p: "primary-key",
  u: "unique",
  x: "exclusion",
};

/** What rows that are there do to a constraint. Pure. */
export function constraintRisk(id: ObjectId, to: Facts): RowsHazard | undefined {
  const reason = REASONS[textOf(to, id, "type") ?? ""];
  return reason === undefined ? undefined : rowsHazard(reason);
}

function columnRisk(sql: string, column: ObjectId, from: Facts, to: Facts): Risk {
  if (/ ALTER COLUMN .* SET EXPRESSION AS /s.test(sql)) return asRows(computedHazard(column, to));
  // The sequence of an identity goes with it, unless another one takes its number over.
  if (
    sql.endsWith(" DROP IDENTITY") &&
    column.kind === "column" &&
    sourceOf({ ...column, kind: column.kind }, to) === undefined
  )
    return { loss: lossHazard("next-number") };
  if (sql.endsWith(" SET NOT NULL")) return { rows: rowsHazard("null") };
  const before = textOf(from, column, "type");
  const after = textOf(to, column, "type");
  // The planner brackets the change with DROP and SET DEFAULT, which do nothing to rows.
  if (before === undefined || after === undefined || !/ TYPE /.test(sql)) return {};
  if (before === after) return asRows(withKeys(undefined, column, from, to));
  const { loses, risk } = columnConversion(before, from, after, to);
  const rows = risk ?? (demandsMore(before, from, after, to) ? rowsHazard("check") : undefined);
  return {
    ...(loses ? { loss: lossHazard("cut", { type: after }) } : {}),
    ...asRows(withKeys(rows, column, from, to)),
  };
}
