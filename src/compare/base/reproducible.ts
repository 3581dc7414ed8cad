import type { Database } from "#database/database.ts";
import type { ConfitureError, Location } from "#errors/error.ts";
import { type TableCells, valueNow } from "./cells.ts";
import { asItIs, type WriteCell } from "./rows.ts";
import { type ColumnSources, meaningOf, type ValueSources } from "./value-sources.ts";

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

/**
 * Decides how rows are written so that a script which runs later leaves what the migrations themselves would have left then:
 * a value of the clock, of chance or of the user is written as the default or the call that gave it.
 * @param database that one of them has led to
 * @param refuse the error for a column with values of which nobody knows how they come about
 */
export async function reproducible(
  database: Database,
  one: readonly TableCells[],
  other: readonly TableCells[],
  sources: ValueSources,
  refuse: (message: string, location: Location | undefined) => ConfitureError,
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
      if (computed !== null) ways.set(meaningOf(computed), "DEFAULT");
      const [way, second] = ways.values();
      if (differing.has(key)) {
        if (way === undefined || second !== undefined || source?.other !== undefined)
          throw unknown(table, name, source?.other, refuse);
        const made = valuesOf(other, table, at);
        own[at] = (cells, column, value) => (isOther(value, made) ? way : asItIs(cells, column, value));
      } else if (way !== undefined && second === undefined && !(way === "DEFAULT" && source?.isNamed === true)) {
        // The day, the user or a setting: the same in both runs, and another one later.
        const now = await valueNow(database, way === "DEFAULT" ? computed! : way, type);
        if (now === undefined || now === null) continue;
        others.add(key);
        own[at] = (cells, column, value) => (value === now ? way : asItIs(cells, column, value));
      }
    }
    writers.set(table, own);
  }
  const write: WriteCell = (table, column, value) => (writers.get(table)?.[column] ?? asItIs)(table, column, value);
  return { write, others };
}

function unknown(
  { schema, table }: TableCells,
  column: string,
  writer: ColumnSources["other"],
  refuse: (message: string, location: Location | undefined) => ConfitureError,
): ConfitureError {
  const name = `${schema}.${table}.${column}`;
  const what = writer === undefined ? `Rows have a value in ${name}` : `${writer.by} writes a value into ${name}`;
  return refuse(
    `${what} that is another one each time: in base.sql it would be the same in every new database`,
    writer?.location,
  );
}

/** What `reproducible` can write in another way. */
export const REPRODUCED =
  "A value that a DEFAULT of its column gives, or a call such as now() that stands alone in the statement, is written like that into the base.";
