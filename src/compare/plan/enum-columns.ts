import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { underlying } from "./domains.ts";

/** What becomes of the values of a column that has another enum afterwards. */
interface EnumChange {
  /** The statement, which goes through text: between two enums there is no cast. */
  readonly sql: string;
  /** Whether the new one lacks values of the old one. */
  readonly losesValues: boolean;
}

/** Undefined where an action is something else. Pure. */
export function enumChangeOf(
  { verb, consumes: [column], otherwise }: Action,
  from: Facts,
  to: Facts,
): EnumChange | undefined {
  if (verb !== "alter" || column?.kind !== "column" || otherwise?.reason !== "unreadable-text") return undefined;
  const [old, values] = [from, to].map((facts) => valuesOf(textOf(facts, column, "type") ?? "", facts));
  if (old === undefined || values === undefined) return undefined;
  return { sql: otherwise.sql, losesValues: !old.every((value) => values.includes(value)) };
}

/** Of an enum, a domain of one, or an array of these. */
function valuesOf(type: string, facts: Facts): readonly string[] | undefined {
  const { schema, name } = parseQualifiedName(underlying(type, facts).replace(/\[\]$/, "")) ?? {};
  if (schema === undefined || name === undefined) return undefined;
  const values = facts.get({ kind: "type", schema, name })?.payload["values"];
  return Array.isArray(values) ? (values as readonly string[]) : undefined;
}
