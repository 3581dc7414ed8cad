import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Action } from "../engine/actions.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, writeIdentifier } from "#sql/quote.ts";

/**
 * A sequence that is made for a column with values begins at its start, and would give out numbers that are taken. So it goes on
 * behind the highest, or below the lowest if it counts down. Without rows it is left alone. Pure.
 * @returns the statements to come behind an action
 */
export function numbersGoOn(action: Action, from: Facts, to: Facts): string[] {
  const [column] = [...action.consumes, ...action.produces];
  const table = column === undefined ? undefined : tableOf(column);
  if (column === undefined || table === undefined) return [];
  const id = { kind: "column", schema: table.schema, table: table.name, name: table.column } as const;
  if (!from.has(id) || !to.has(id)) return [];
  const sequence = / ADD GENERATED /.test(action.sql)
    ? ofIdentity(id, to)
    : / SET DEFAULT nextval/.test(action.sql)
      ? ofDefault(id, from, to)
      : undefined;
  if (sequence === undefined) return [];
  const value = quoteIdentifier(table.column);
  const { start, name } = sequence;
  const last = sequence.rises ? `max(${value})` : `min(${value})`;
  return [
    `SELECT setval(${name}, ${last})\n  FROM ${quoteQualified(table.schema, table.name)}\nHAVING ${last} ${sequence.rises ? ">=" : "<="} ${start}`,
  ];
}

interface Column {
  readonly kind: "column";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

interface Sequence {
  /** As an argument of setval. */
  readonly name: string;
  readonly start: string;
  readonly rises: boolean;
}

function tableOf(
  id: ObjectId,
): { readonly schema: string; readonly name: string; readonly column: string } | undefined {
  if (id.kind !== "column" && id.kind !== "default") return undefined;
  return { schema: id.schema, name: id.table, column: id.name };
}

function ofIdentity(column: Column, to: Facts): Sequence | undefined {
  const identity = to.get(column)?.payload["identity"] as { readonly options?: Options | null } | null | undefined;
  if (identity === null || identity === undefined) return undefined;
  const name = `pg_get_serial_sequence(${quoteLiteral(writeQualified(column.schema, column.table))}, ${quoteLiteral(column.name)})`;
  return { name, ...startOf(identity.options ?? {}) };
}

/** The one that its default takes numbers from, where it is a new one. */
function ofDefault(column: Column, from: Facts, to: Facts): Sequence | undefined {
  const fact = to
    .outgoingEdges({ ...column, kind: "default" })
    .map((edge) => edge.to)
    .find(({ kind }) => kind === "sequence");
  if (fact?.kind !== "sequence" || from.has(fact)) return undefined;
  return {
    name: quoteLiteral(writeQualified(fact.schema, fact.name)),
    ...startOf(to.get(fact)?.payload ?? {}),
  };
}

interface Options {
  readonly start?: string | number;
  readonly increment?: string | number;
}

/** As a person would write a name in a literal. */
function writeQualified(schema: string, name: string): string {
  return `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
}

function startOf({ start, increment }: Options): Pick<Sequence, "start" | "rises"> {
  return { start: String(start ?? 1), rises: !String(increment ?? 1).startsWith("-") };
}
