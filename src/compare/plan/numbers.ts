import type { Facts } from "../engine/facts.ts";
import type { Action } from "../engine/actions.ts";
import { textOf } from "../engine/lookups.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import { alters, type ColumnId, currentName, makes, type Takeover } from "./numbers-kept.ts";
import { readingAll } from "./reading-all.ts";

/**
 * A sequence that is made for a column with values begins at its start, and would give out numbers that are taken. So it goes on
 * behind the highest, or below the lowest if it counts down, and behind what the sequence before it has given out. Without
 * either it is left alone. Pure.
 * @returns the statements that belong right behind an action
 */
export function numbersGoOn(
  actions: readonly Action[],
  taken: readonly Takeover[],
  from: Facts,
  to: Facts,
): Map<Action, readonly string[]> {
  return new Map(
    taken.flatMap((takeover) => {
      const { next, columns, olds } = takeover;
      // An old one is there no longer than the next one takes to be made; columns have their type when they have their default.
      const isLast = next.identity === undefined && olds.length === 0;
      const action = actions.findLast((each) =>
        isLast ? columns.some((column) => alters(each, column, " SET DEFAULT nextval")) : makes(each, next),
      );
      const sql = action && setting(takeover, from, to);
      return action === undefined || sql === undefined ? [] : [[action, sql] as const];
    }),
  );
}

/**
 * What sets a sequence behind the numbers that columns hold, and behind those that others have given out. Pure.
 * @param there where these columns have their types
 */
export function setting(
  { next, columns, olds }: Takeover,
  from: Facts,
  to: Facts,
  there = to,
): readonly string[] | undefined {
  const { start, rises } = startOf(optionsOf(next, to) ?? {});
  const [last, reaches] = rises ? ["max", ">="] : ["min", "<="];
  const values = columns.flatMap((column) => valueOf(column, there) ?? []);
  const [only] = values;
  if (only === undefined) return undefined;
  const tables = values.map(({ value, table }) => `SELECT ${last}(${value}) AS number FROM ${table}`);
  const given = olds.map((old) => `SELECT last_value FROM ${currentName(old)} WHERE is_called`);
  const name = nameOf(next, olds.length > 0);
  const all = [...tables, ...given];
  const [value, place] =
    all.length === 1
      ? [only.value, only.table]
      : ["number", `(${all.join("\n        UNION ALL\n        ")}) AS numbers`];
  const sql = `SELECT setval(${name}, ${last}(${value}))\n  FROM ${place}\nHAVING ${last}(${value}) ${reaches} ${start}`;
  return readingAll(sql, columns, from, to);
}

/** As an argument of setval. What stood aside for a sequence left its name to it. Pure. */
export function nameOf({ schema, name, identity }: Takeover["next"], isFree: boolean): string {
  if (identity === undefined || isFree) return quoteLiteral(writeQualified(schema, name));
  const table = writeQualified(identity.schema, identity.table);
  return `pg_get_serial_sequence(${quoteLiteral(table)}, ${quoteLiteral(identity.name)})`;
}

/** The numbers that a column holds; undefined where they are something else. Pure. */
export function valueOf(
  column: ColumnId,
  facts: Facts,
): { readonly value: string; readonly table: string } | undefined {
  const type = textOf(facts, column, "type") ?? "";
  if (!/^(?:smallint|integer|bigint|numeric\b.*)$/.test(type)) return undefined;
  const name = quoteIdentifier(column.name);
  return {
    value: type.startsWith("numeric") ? `${name}::bigint` : name,
    table: quoteQualified(column.schema, column.table),
  };
}

interface Options {
  readonly start?: string | number;
  readonly increment?: string | number;
}

function optionsOf({ schema, name, identity }: Takeover["next"], to: Facts): Options | undefined {
  if (identity === undefined) return to.get({ kind: "sequence", schema, name })?.payload;
  const { options = null } = (to.get(identity)?.payload["identity"] ?? {}) as { readonly options?: Options | null };
  return options ?? undefined;
}

/** As a person would write a name in a literal. */
function writeQualified(schema: string, name: string): string {
  return `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
}

function startOf({ start, increment }: Options): { readonly start: string; readonly rises: boolean } {
  return { start: String(start ?? 1), rises: !String(increment ?? 1).startsWith("-") };
}
