import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { BEGUN } from "./defaults.ts";

/**
 * What PostgreSQL gives to a column by itself is chance: a time, a random key, the next number. Where a migration gives a value of its
 * own to such a column, it is the same each time that the migration is run. That is how the two are told apart, whatever way the value
 * came: `Rows` are read with a mark for each of these columns behind the hash of the others, in two replays.
 */
export type Chance =
  /** Each value by itself; `settle` is to follow. */
  | "each"
  /** For a database in use, where time and user were others: values that are the same each time, and chance. */
  | { readonly fixed: Fixed };

/** Hashes of values that are the same each time. */
export type Fixed = ReadonlySet<string>;

/**
 * Before a mark, which is a sign, the hash of the value but for NULL, and the name of the column. Signs: `~` is as the default gives it
 * at this moment, `-` is NULL, `=` any other, `!` a time that is not the present, `#` a number of a sequence.
 */
export const BETWEEN = "\u0001";

/**
 * What follows the hash of a row, as an expression. Pure.
 * @param columns those that do not count as they are
 */
export function marksOf(columns: readonly MarkedColumn[], chance: Chance): string {
  const marks = columns.flatMap((column) => {
    if (chance !== "each" && column.counted) return [];
    return [` || ${chance === "each" ? `'${BETWEEN}' || ${markOf(column)}` : markInUse(column)}`];
  });
  return marks.join("");
}

function markOf(column: MarkedColumn): string {
  const name = quoteIdentifier(column.name);
  const asDefault = column.moment
    ? present(column)
    : column.now !== null && `${name}::text = (${column.now})::${column.type}::text`;
  const other = column.moment ? "!" : "=";
  const given = asDefault === false ? `'${other}'` : `case when ${asDefault} then '~' else '${other}' end`;
  const kind = column.counted ? "'#'" : given;
  return `case when ${name} is null then '-' else ${kind} || md5(${name}::text) end || ${quoteLiteral(column.name)}`;
}

/** Whether a time is the default's since this process began. One without a zone may be that of any. */
function present({ name, type, now }: MarkedColumn): string {
  const last = `(${now ?? "clock_timestamp()"})::${type}`;
  const zone = type.endsWith("without time zone") ? "interval '15 hours'" : "interval '0'";
  return `${quoteIdentifier(name)} between ${last} - (clock_timestamp() - ${BEGUN}) - ${zone} and ${last} + ${zone}`;
}

function markInUse({ name }: MarkedColumn): string {
  const hash = `md5(${quoteIdentifier(name)}::text)`;
  return `coalesce('${BETWEEN}' || case when ${quoteIdentifier(name)} is null then '-' when ${hash} in (select unnest($1::text[])) then '=' || ${hash} end || ${quoteLiteral(name)}, '')`;
}

/** Of a column. */
export interface MarkedColumn {
  readonly name: string;
  /** Whether a sequence gives its numbers. */
  readonly counted: boolean;
  /** A timestamp. */
  readonly moment: boolean;
  /** "timestamp with time zone" */
  readonly type: string;
  /** What a default computes that goes by the moment, the user or the database, as SQL; else null. */
  readonly now: string | null;
}

/** Characters of an MD5 hash. */
export const HASH = 32;
