import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";

/** A place in the order of a table's keys: a value for each column, as PostgreSQL prints it. */
export type Position = readonly string[];

/** How the rows of a table are gone through, one batch after the other. */
export interface Walk {
  /** For people and for the record: the columns, or "ctid". */
  readonly columns: readonly string[];
  /** A query for the last position that there is, as text values; no row in an empty table. */
  readonly last: string;
  /**
   * A query for the end of the next batch: its position as text values, and behind it the number of its rows, or null.
   * No row where the walk is over.
   */
  nextEnd(after: Position | undefined, upper: Position, rows: number): string;
  /** The condition for the rows behind a position, up to and with another. */
  condition(alias: string, after: Position | undefined, to: Position): string;
  /** A position in a message: "id 1000". */
  describe(position: Position): string;
}

export interface KeyColumn {
  readonly name: string;
  /** As PostgreSQL writes it in a cast. */
  readonly type: string;
}

/** @param table quoted */
export function keyWalk(table: string, columns: readonly KeyColumn[]): Walk {
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const row = (alias: string): string => listed(names.map((name) => `${alias}.${name}`));
  const values = (position: Position): string =>
    listed(columns.map(({ type }, index) => `${quoteLiteral(position[index] ?? "")}::${type}`));
  const between = (alias: string, after: Position | undefined, to: Position): string =>
    [...(after === undefined ? [] : [`${row(alias)} > ${values(after)}`]), `${row(alias)} <= ${values(to)}`].join(
      " AND ",
    );
  const order = (direction: string): string => names.map((name) => `t.${name}${direction}`).join(", ");
  const texts = (alias: string): string =>
    names.map((name, index) => `${alias}.${name}::pg_catalog.text as k${index}`).join(", ");
  return {
    columns: columns.map(({ name }) => name),
    last: `select ${texts("t")} from ${table} as t order by ${order(" desc")} limit 1`,
    nextEnd: (after, upper, rows) =>
      `select ${texts("s")}, s.confiture_row as n from (
         select ${names.map((name) => `t.${name}`).join(", ")}, pg_catalog.row_number() over (order by ${order("")}) as confiture_row
           from ${table} as t where ${between("t", after, upper)} order by ${order("")} limit ${rows}) as s
        order by s.confiture_row desc limit 1`,
    condition: (alias, after, to) => between(quoteIdentifier(alias), after, to),
    describe: (position) => columns.map(({ name }, index) => `${name} ${position[index]}`).join(", "),
  };
}

/**
 * Goes through the pages of a table, for tables without a key. A row that an UPDATE moves to a page that was done
 * already is left to the sweep (manual, "TID Range Scan": since PostgreSQL 14 only the pages of the range are read).
 * @param pages how many rows a page has on average
 */
export function pageWalk(table: string, rowsOfPage: number): Walk {
  const page = (position: Position | undefined): number => (position === undefined ? 0 : Number(position[0]));
  const tid = (number: number): string => `'(${number},0)'::pg_catalog.tid`;
  const pages = `pg_catalog.pg_relation_size(${quoteLiteral(table).trim()}::pg_catalog.regclass) operator(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8`;
  return {
    columns: ["ctid"],
    last: `select p::pg_catalog.text as k0 from (select ${pages} as p) as s where p operator(pg_catalog.>) 0`,
    nextEnd: (after, upper, rows) => {
      const from = page(after);
      const to = Math.min(page(upper), from + Math.max(1, Math.round(rows / Math.max(rowsOfPage, 1))));
      const count = Math.round((to - from) * rowsOfPage);
      return `select '${to}' as k0, ${count} as n where ${to} operator(pg_catalog.>) ${from}`;
    },
    condition: (alias, after, to) => {
      const column = `${quoteIdentifier(alias)}.ctid`;
      return `${column} operator(pg_catalog.>=) ${tid(page(after))} AND ${column} operator(pg_catalog.<) ${tid(page(to))}`;
    },
    describe: (position) => `page ${position[0]}`,
  };
}

function listed(parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `(${parts.join(", ")})`;
}
