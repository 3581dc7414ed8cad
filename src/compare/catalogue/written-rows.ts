import { inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { type CatalogueTable, catalogueTables, definingColumns } from "./catalogue-tables.ts";

/** A row of the catalogue, by column, without what is no part of a definition. */
export type CatalogueRow = Readonly<Record<string, unknown>>;

/** Rows by the table of the catalogue that they are in. */
export type CatalogueRows = ReadonlyMap<string, readonly CatalogueRow[]>;

/** A moment in the life of one database. */
export interface Moment {
  /** The transaction that came next. */
  readonly next: string;
  /** Of each table: how many rows were ever written, also for nothing, and how many more were inserted than deleted. */
  readonly counts: readonly (readonly [written: string, more: number])[];
}

/** What was written into the catalogue since a moment. */
export interface Written {
  readonly since: Moment;
  /** Tables that something was written into, and how many rows of that moment are not there any more, if that is known. */
  readonly tables: readonly { readonly table: string; readonly missing: number | undefined }[];
  /** Rows that are there now and were not then. */
  readonly rows: CatalogueRows;
  /** Whether each row of then is there, and no other. */
  readonly isNothing: boolean;
}

/** Looks at the rows of one database's catalogue that come and go, without a look at the others. */
export interface RowWatch {
  /** Sent at once, so that more can be sent behind it. Undefined where nobody counts. */
  now(): Promise<Moment | undefined>;
  /** In the transaction that wrote it, or later. With the search_path that names in the catalogue are to be written by. */
  writtenSince(moment: Moment): Promise<Written | undefined>;
  /** The rows that `written` took the place of, once it is rolled back; undefined where that cannot be told. */
  rowsBefore(written: Written): Promise<CatalogueRows | undefined>;
}

/**
 * Every row tells which transaction wrote it, and a row that was deleted by one that was rolled back tells that as well. How
 * many are missing is told by PostgreSQL's statistics (until version 14 a process collected them, and nobody knew when it had).
 * https://www.postgresql.org/docs/current/monitoring-stats.html
 * @returns undefined where not all of the catalogue can be watched
 */
export async function watchRows(database: Database): Promise<RowWatch | undefined> {
  if (database.serverVersion < 150_000 || database.pooled) return undefined;
  const tables = await catalogueTables(database);
  if (tables.some(({ readable }) => !readable)) return undefined;
  const statements = new Statements(database);
  const counting = countSql(tables);
  const now: RowWatch["now"] = async () => {
    const [state] = (await statements.run("counts", counting)) as [CountRow];
    if (state.counts === null) return undefined;
    const counts = state.counts.split(",").map((each): [string, number] => {
      const [written = "", more = ""] = each.split(" ");
      return [written, Number(more)];
    });
    return { next: state.next, counts };
  };
  return {
    now,
    async writtenSince(since) {
      const present = await now();
      if (present === undefined) return undefined;
      const written = tables.flatMap((table, index) => {
        const [before, after] = [since.counts[index]!, present.counts[index]!];
        return before[0] === after[0] ? [] : [{ table, more: after[1] - before[1] }];
      });
      const isCertain = await everythingStands(database, since.next, present.next);
      const found = await rowsOf(
        written.map(({ table }) => table),
        (table) => statements.run(`new_${table.table}`, newRowsSql(table), xidOf(since.next)),
      );
      const missing = written.map(({ table: { table }, more }) => ({
        table,
        missing: isCertain ? found.get(table)!.length - more : undefined,
      }));
      const isNothing = missing.every(({ table, missing: count }) => count === 0 && found.get(table)!.length === 0);
      return { since, tables: missing, rows: found, isNothing };
    },
    async rowsBefore({ since, tables: written }) {
      const names = new Set(written.map(({ table }) => table));
      const found = await rowsOf(
        tables.filter(({ table }) => names.has(table)),
        (table) => statements.run(`old_${table.table}`, oldRowsSql(table), xidOf(since.next)),
      );
      const isWhole = written.every(
        ({ table, missing }) => missing === undefined || missing === found.get(table)!.length,
      );
      return isWhole ? found : undefined;
    },
  };
}

/** The 32 bits of a transaction's number that are in a row. */
function xidOf(number: string): string {
  return String(BigInt.asUintN(32, BigInt(number)));
}

interface CountRow {
  readonly next: string;
  readonly counts: string | null;
}

async function rowsOf(
  tables: readonly CatalogueTable[],
  read: (table: CatalogueTable) => Promise<object[]>,
): Promise<Map<string, CatalogueRow[]>> {
  const answers = tables.map(read);
  await inOrder(answers);
  const rows = new Map<string, CatalogueRow[]>();
  for (const [index, { table }] of tables.entries()) {
    const found = (await answers[index]!) as { row: string }[];
    rows.set(
      table,
      found.map(({ row }) => JSON.parse(row) as CatalogueRow),
    );
  }
  return rows;
}

/** Whether no transaction in between, nor a part of one, was rolled back: what it wrote was counted. */
async function everythingStands(database: Database, from: string, next: string): Promise<boolean> {
  const [first, count] = [BigInt(from), Number(BigInt(next) - BigInt(from))];
  if (count === 0) return true;
  if (count > MOST_TRANSACTIONS) return false;
  const [state] = await database.query<{ stands: boolean }>(
    `select bool_and(coalesce(pg_catalog.pg_xact_status(number::text::pg_catalog.xid8), '') <> 'aborted') as stands
       from pg_catalog.generate_series(${first}::pg_catalog.int8, ${first + BigInt(count - 1)}) as number`,
  );
  return state?.stands === true;
}

const MOST_TRANSACTIONS = 1000;

/** A text of the counts of each table, in order, with the transaction that comes next. */
function countSql(tables: readonly CatalogueTable[]): string {
  const sums = ["inserted", "updated", "deleted"].map(
    (kind) => `pg_catalog.pg_stat_get_tuples_${kind}(oid) + pg_catalog.pg_stat_get_xact_tuples_${kind}(oid) as ${kind}`,
  );
  // Offset: each of them is asked once.
  return `select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text as next,
                 case when pg_catalog.current_setting('track_counts') = 'on' then pg_catalog.string_agg(
                   (inserted + updated + deleted)::text || ' ' || (inserted - deleted)::text, ',' order by number) end as counts
            from (select number, ${sums.join(", ")}
                    from pg_catalog.unnest('{${tables.map(({ oid }) => oid).join()}}'::pg_catalog.oid[]) with ordinality as list (oid, number) offset 0) as counted`;
}

/** Rows that a transaction or a later one has written. */
function newRowsSql(table: CatalogueTable): string {
  return rowsSql(table, "xmin");
}

/** Rows that one of these has deleted, which were all rolled back. */
function oldRowsSql(table: CatalogueTable): string {
  return rowsSql(table, "xmax");
}

function rowsSql(table: CatalogueTable, by: "xmin" | "xmax"): string {
  const columns = definingColumns(table).map(([column, value]) => `${value} as "${column}"`);
  return `select pg_catalog.row_to_json(row)::text as row
            from (select ${columns.join(", ")} from pg_catalog.${table.table} t
                   where pg_catalog.age(t.${by}) <= (select pg_catalog.age($1::pg_catalog.xid))) as row`;
}

/** Prepared statements of a session, each made when it is first run. */
class Statements {
  readonly #database: Database;
  readonly #prefix: string;
  readonly #prepared = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
    // Whatever ran in the session may have discarded some of an earlier one's.
    const number = (made.get(database) ?? 0) + 1;
    made.set(database, number);
    this.#prefix = `confiture_rows_${number}_`;
  }

  async run(name: string, sql: string, parameter?: string): Promise<object[]> {
    const full = this.#prefix + name;
    const execute = `execute ${full}${parameter === undefined ? "" : ` (${quoteLiteral(parameter)})`}`;
    if (this.#prepared.has(full)) return await this.#database.query(execute);
    this.#prepared.add(full);
    const preparing = this.#database.execute(`prepare ${full} as ${sql}`);
    const answer = this.#database.query(execute);
    await inOrder([preparing, answer]);
    return await answer;
  }
}

/** How many sets of them each session has had. */
const made = new WeakMap<Database, number>();
