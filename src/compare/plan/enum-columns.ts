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
  const [before, after] = [from, to].map((facts) => textOf(facts, column, "type") ?? "");
  const losesValues = lacksValues(before!, from, after!, to);
  return losesValues === undefined ? undefined : { sql: otherwise.sql, losesValues };
}

/** Whether an enum lacks values of another one; undefined where one of the types is no enum. Pure. */
export function lacksValues(before: string, from: Facts, after: string, to: Facts): boolean | undefined {
  const [old, values] = [valuesOf(before, from), valuesOf(after, to)];
  return old === undefined || values === undefined ? undefined : !old.every((value) => values.includes(value));
}

/** Of an enum, a domain of one, or an array of these. */
function valuesOf(type: string, facts: Facts): readonly string[] | undefined {
  const { schema, name } = parseQualifiedName(underlying(type, facts).replace(/\[\]$/, "")) ?? {};
  if (schema === undefined || name === undefined) return undefined;
  const values = facts.get({ kind: "type", schema, name })?.payload["values"];
  return Array.isArray(values) ? (values as readonly string[]) : undefined;
}
