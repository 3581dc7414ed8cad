import type { Fact, FactBase, StableId } from "@supabase/pg-delta/core";
import type { Action } from "@supabase/pg-delta/plan";
import { textOf } from "../catalogue/facts.ts";
import { attributeRisk } from "./composites.ts";
import { conversionOf } from "./conversions.ts";

/** What a statement may do to rows that are there. */
export interface Risk {
  /** What is gone afterwards, or may be. */
  readonly loss?: string;
  /** What rows make it fail, or what it takes for granted about them. */
  readonly rows?: string;
}

/** What `action`, part of a plan from `from` to `to`, means for rows that are there. Pure. */
export function riskOf(action: Action, from: FactBase, to: FactBase): Risk {
  const [made] = action.produces;
  const [needed] = action.consumes;
  const [removed] = action.destroys;
  if (removed !== undefined && action.verb === "drop") return removalRisk(removed, action);
  if (made !== undefined && action.verb === "create") return asRows(creationRisk(made, from, to));
  if (needed?.kind === "column") return attributeRisk(action, from, to) ?? columnRisk(action.sql, needed, from, to);
  if (needed?.kind === "constraint" && / VALIDATE CONSTRAINT /.test(action.sql))
    return asRows(constraintRisk(needed, to));
  // A value of an enum that is taken away: rows that hold it make the change fail.
  if (action.dataLoss === "destructive") return { loss: "fails if a row still uses the removed value" };
  return {};
}

function asRows(rows: string | undefined): Risk {
  return rows === undefined ? {} : { rows };
}

function removalRisk({ kind }: StableId, { dataLoss }: Action): Risk {
  // The next number of a sequence of its own is nowhere else; that of a dropped column goes with it.
  if (kind === "sequence") return { loss: "its next number is gone" };
  // What a materialized view holds is made of rows that stay.
  if (dataLoss === "none" || kind === "materializedView") return {};
  return { loss: kind === "table" ? "its rows are gone" : "what it held is gone" };
}

function creationRisk(id: StableId, from: FactBase, to: FactBase): string | undefined {
  const fact = to.get(id);
  // What is made together with its table meets no rows.
  if (fact?.parent === undefined || !from.has(fact.parent)) return undefined;
  switch (id.kind) {
    case "column": {
      const { notNull, identity = null, generatedExpr = null } = fact.payload;
      const hasValue = identity !== null || generatedExpr !== null || to.childrenOf(id).some(isDefault);
      return notNull === true && !hasValue
        ? "fails on a table that has any. Give it a DEFAULT, or add it, fill it, then SET NOT NULL"
        : undefined;
    }
    case "constraint":
      return fact.payload["validated"] === true ? constraintRisk(id, to) : undefined;
    case "index":
      return textOf(to, id, "def")?.startsWith("CREATE UNIQUE ") === true ? RISKS["u"] : undefined;
    case "table": {
      const rest = defaultPartition(fact, from);
      return rest === undefined ? undefined : `fails if ${rest} has some that belong here: move them out before`;
    }
    default:
      return undefined;
  }
}

/** The partition that has had the rows of a new one until now. */
function defaultPartition({ payload }: Fact, from: FactBase): string | undefined {
  if (typeof payload["partitionBound"] !== "string") return undefined;
  const rest = from
    .facts()
    .find(
      ({ id, payload: other }) =>
        id.kind === "table" &&
        other["partitionBound"] === "DEFAULT" &&
        Bun.deepEquals(other["parentTable"], payload["parentTable"]),
    );
  return rest?.id.kind === "table" ? `${rest.id.schema}.${rest.id.name}` : undefined;
}

function isDefault({ id }: { readonly id: StableId }): boolean {
  return id.kind === "default";
}

/** By pg_constraint.contype. */
const RISKS: Readonly<Record<string, string>> = {
  c: "fails if an existing row violates this",
  f: "fails if one refers to what is not there",
  p: "fails if two share a key, or one has none",
  u: "fails if two share a key",
  x: "fails if two of them exclude each other",
};

function constraintRisk(id: StableId, to: FactBase): string | undefined {
  return RISKS[textOf(to, id, "type") ?? ""];
}

function columnRisk(sql: string, column: StableId, from: FactBase, to: FactBase): Risk {
  if (sql.endsWith(" SET NOT NULL")) return { rows: "fails if one has NULL here" };
  const before = textOf(from, column, "type");
  const after = textOf(to, column, "type");
  // The planner brackets the change with DROP and SET DEFAULT, which do nothing to rows.
  if (before === undefined || after === undefined || before === after || !/ TYPE /.test(sql)) return {};
  const { loses, risk } = conversionOf(underlying(before, from), underlying(after, to));
  return loses ? { loss: `values are cut or rounded to fit into ${after}` } : asRows(risk);
}

/** What a domain is made of; other types themselves. */
function underlying(type: string, facts: FactBase): string {
  const domain = facts.facts().find(({ id }) => id.kind === "domain" && `${id.schema}.${id.name}` === type);
  const base = domain?.payload["baseType"];
  return typeof base === "string" ? underlying(base, facts) : type;
}
