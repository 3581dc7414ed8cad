import type { Database } from "#database/database.ts";
import type { ConfitureError, Location } from "#errors/error.ts";
import { type TableCells, valueNow } from "./cells.ts";
import { asItIs, type WriteCell } from "./rows.ts";
import { type ColumnSources, meaningOf, type ValueSource, type ValueSources } from "./value-sources.ts";

/** How values are written that are not the same each time that what made them runs. */
export interface Reproducible {
  readonly write: WriteCell;
  /** Columns with such values, "table.column": no comparison of rows can go by them. */
  readonly others: ReadonlySet<string>;
}

/** Columns, "table.column", with values that another run has not made. Pure. */
export function differingColumns(one: readonly TableCells[], other: readonly TableCells[]): ReadonlySet<string> {
  const differing = new Set<string>();
  for (const table of one) {
    for (const [at, { name }] of table.columns.entries()) {
      const made = valuesOf(other, table, at);
      if (table.rows.some((row) => isOther(row[at], made))) differing.add(`${table.table}.${name}`);
    }
  }
  return differing;
}

function valuesOf(tables: readonly TableCells[], { schema, table }: TableCells, column: number): Set<unknown> {
  const same = tables.find((each) => each.schema === schema && each.table === table);
  return new Set(same?.rows.map((row) => row[column]));
}

function isOther(value: string | null | undefined, made: ReadonlySet<unknown>): boolean {
  return value !== null && value !== undefined && !made.has(value);
}

/** What is said of a value that cannot be written. */
export interface Refusal {
  readonly of: (message: string, location: Location | undefined) => ConfitureError;
  /** What may have written rows of a table, where no statement says it. */
  readonly writerOf: (table: string) => ValueSource | undefined;
}

/**
 * Decides how rows are written so that a script which runs later leaves what the migrations themselves would have left then:
 * a value of the clock, of chance or of the user is written as the default or the call that gave it.
 * @param database that one of them has led to
 * @param refusal the error for a column with values of which nobody knows how they come about, and who may have written them
 */
export async function reproducible(
  database: Database,
  one: readonly TableCells[],
  other: readonly TableCells[],
  sources: ValueSources,
  refusal: Refusal,
): Promise<Reproducible> {
  const differing = differingColumns(one, other);
  const others = new Set(differing);
  const writers = new Map<TableCells, (WriteCell | undefined)[]>();
  for (const table of one) {
    const own: (WriteCell | undefined)[] = [];
    for (const [at, { name, type, computed }] of table.columns.entries()) {
      const key = `${table.table}.${name}`;
      const source = sources.get(key);
      const ways = new Map(source?.calls);
      if (computed !== null && !ways.has(meaningOf(computed))) ways.set(meaningOf(computed), "DEFAULT");
      if (differing.has(key)) {
        const [way, second] = ways.values();
        if (way === undefined || second !== undefined || source?.other !== undefined)
          throw unknown(table, name, source?.other, refusal);
        const made = valuesOf(other, table, at);
        own[at] = (cells, column, value) => (isOther(value, made) ? way : asItIs(cells, column, value));
        continue;
      }
      if (source?.moving !== undefined && table.rows.some((row) => (row[at] ?? null) !== null))
        throw unknown(table, name, source.moving, refusal);
      // The day, the user or a setting: the same in both runs, and another one later.
      const now = new Map<string, string>();
      for (const way of ways.values()) {
        const isDefault = way === "DEFAULT";
        const value = await valueNow(database, isDefault ? computed! : way, type);
        if (value === undefined || value === null) continue;
        const isOpen = mayBeWritten(source, value);
        if (isOpen && isDefault) continue;
        // Another statement may have written the same value as what it is: nobody can tell which row has it from where.
        if (now.has(value) || (isOpen && table.rows.some((row) => row[at] === value)))
          throw unknown(table, name, source?.other, refusal);
        now.set(value, way);
      }
      if (now.size === 0) continue;
      others.add(key);
      own[at] = (cells, column, value) => (value === null ? undefined : now.get(value)) ?? asItIs(cells, column, value);
    }
    writers.set(table, own);
  }
  const write: WriteCell = (table, column, value) => (writers.get(table)?.[column] ?? asItIs)(table, column, value);
  return { write, others };
}

/** Whether a statement may have given a column this very value, which then is no default. */
function mayBeWritten(source: ColumnSources | undefined, value: string): boolean {
  return source !== undefined && (source.isCopied || source.other !== undefined || source.constants.has(value));
}

function unknown(
  { schema, table }: TableCells,
  column: string,
  writer: ValueSource | undefined,
  refusal: Refusal,
): ConfitureError {
  const name = `${schema}.${table}.${column}`;
  const last = writer ?? refusal.writerOf(table);
  const what =
    writer !== undefined
      ? `${writer.by} writes a value into ${name}`
      : `Rows have a value in ${name}${last === undefined ? "" : `, which ${last.by} may write,`}`;
  return refusal.of(
    `${what} that is another one each time, or for another user: in base.sql it would be the same in every new database`,
    last?.location,
  );
}

/** What `reproducible` can write in another way. */
export const REPRODUCED =
  "A value that a DEFAULT of its column gives, or an expression such as now() or CURRENT_DATE + 7 that goes by no row, is written like that into the base.";
