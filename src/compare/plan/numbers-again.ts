import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import type { SequenceOptions } from "../engine/sequence-options.ts";
import { optionsOf } from "./number-bounds.ts";
import { nameOf, valueOf } from "./numbers.ts";
import { type ColumnId, sourceOf } from "./numbers-kept.ts";
import { readingAll } from "./reading-all.ts";

/** A statement that changes which numbers a sequence gives, or may have to begin again for it. */
export interface NumbersAgain {
  /** Whether it is sure to give other numbers than those behind its last one: it turns around, or begins again. */
  readonly isSure: boolean;
  /** Statements that set it behind the numbers that columns hold on its new way; undefined where no column is known to hold them. */
  readonly sql: readonly string[] | undefined;
}

/**
 * A sequence that turns around would come to numbers that it has given, and one that begins again may. Both go on behind what columns
 * hold between their start and their bound. Pure.
 */
export function numbersAgain({ sql, verb, consumes: [id] }: Action, from: Facts, to: Facts): NumbersAgain | undefined {
  if (verb !== "alter" || id === undefined || !CHANGES.test(sql)) return undefined;
  const [old, next] = [optionsOf(from.get(id)), optionsOf(to.get(id))];
  if (old === undefined || next === undefined) return undefined;
  const turns = rises(old) !== rises(next);
  return { isSure: turns || sql.endsWith(" RESTART"), sql: next.cycle ? undefined : goingOn(id, next, from, to) };
}

const CHANGES = /^ALTER SEQUENCE | SET (?:INCREMENT|MINVALUE|MAXVALUE|START) /;

function goingOn(
  id: Action["consumes"][number],
  next: SequenceOptions,
  from: Facts,
  to: Facts,
): readonly string[] | undefined {
  const columns = id.kind === "column" ? [{ ...id, kind: id.kind }] : id.kind === "sequence" ? columnsWith(id, to) : [];
  const values = columns.flatMap((column) => valueOf(column, to) ?? []);
  const [only] = values;
  const source = columns[0] && sourceOf(columns[0], to);
  if (only === undefined || source === undefined) return undefined;
  const [last, lowest, highest] = rises(next) ? ["max", next.start, next.maxValue] : ["min", next.minValue, next.start];
  const several = values.map(({ value, table }) => `SELECT ${value} AS number FROM ${table}`);
  const [value, place] =
    values.length === 1
      ? [only.value, only.table]
      : ["number", `(${several.join("\n        UNION ALL\n        ")}) AS numbers`];
  const sql = `SELECT setval(${nameOf(source, false)}, coalesce(${last}(${value}), ${next.start}), count(*) > 0)\n  FROM ${place}\n WHERE ${value} BETWEEN ${lowest} AND ${highest}`;
  return readingAll(sql, columns, from, to);
}

/** Columns that take their numbers from a sequence. */
function columnsWith(id: { readonly schema: string; readonly name: string }, to: Facts): ColumnId[] {
  return to.incomingEdges({ kind: "sequence", schema: id.schema, name: id.name }).flatMap(({ from: user }) => {
    return user.kind === "default" ? [{ ...user, kind: "column" as const }] : [];
  });
}

function rises({ increment }: SequenceOptions): boolean {
  return !increment.startsWith("-");
}
