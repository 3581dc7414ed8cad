import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { type ColumnFacts, readTables, type TableFacts } from "./read-tables.ts";
import { literalsIn, samplesFor } from "./sample-values.ts";

/** Rows of one table: two alike but for their keys, one of odd values, one of large ones, and one that is NULL where it may be. */
const ROWS = 5;
/** So many tables are filled with one message. */
const TOGETHER = 100;
/** A setting of the session, which tells what was refused. */
const REFUSED = "confiture.refused";
/** How often other values are tried for a row that PostgreSQL refuses. */
const ATTEMPTS = 8;
/** unique_violation, exclusion_violation */
const TAKEN: ReadonlySet<string> = new Set(["23505", "23P01"]);

/** What came of filling tables. */
export interface MadeUp {
  /** Tables with rows of ours: `public.users`. */
  readonly filled: ReadonlySet<string>;
  /** Tables that have none, because every row was refused: `public.users`. */
  readonly withoutRows: readonly string[];
}

type ValuesOf = (table: TableFacts, column: ColumnFacts) => readonly string[] | undefined;

/** Which tables, and where. */
export interface MadeUpOptions {
  /** Tables that are the tool's own, as `public.confiture_migrations`. */
  readonly without: ReadonlySet<string>;
  /** Only these, which have no rows any more. */
  readonly only?: ReadonlySet<string>;
  /** So many rows in each table; a few where that is left out. */
  readonly rows?: number;
  /** Other values than usual for a column, as text: the first for the first row. */
  readonly valuesOf?: ValuesOf;
  /** Whether a transaction is open, which nothing that fails here may end. */
  readonly inTransaction: boolean;
}

/**
 * Fills tables that have no rows, so that statements meet some: duplicates where nothing forbids them, NULLs, texts that are
 * no numbers, numbers that are large. The rows keep every constraint; triggers do not fire where the role may switch them off, but
 * for tables that take no row without them.
 * Sequences are advanced as an application would.
 */
export async function makeUpRows(
  database: Database,
  { without, only, inTransaction, rows = ROWS, valuesOf = () => undefined }: MadeUpOptions,
): Promise<MadeUp> {
  const read = only === undefined ? readTables() : readTables([...only]);
  const tables = (await database.query<TableFacts>(read)).filter(({ name }) => !without.has(name));
  const tries: Tries = (sql) => triesIn(database, sql, inTransaction);
  const filled = new Set<string>();
  const withoutRows: string[] = [];
  const isWanted = ({ hasRows, name }: TableFacts): boolean => (only === undefined ? !hasRows : only.has(name));
  const switchesTriggers = await tries("set session_replication_role = replica");
  try {
    const wanted = parentsFirst(tables).filter(isWanted);
    for (let at = 0; at < wanted.length; at += TOGETHER) {
      const some = wanted.slice(at, at + TOGETHER);
      // Where triggers fire, what they put off to COMMIT could refuse all of them.
      const refused =
        switchesTriggers === "done" ? await fillTogether(database, tries, some, rows, valuesOf) : undefined;
      for (const [index, table] of some.entries()) {
        const isFilled =
          (await fill(tries, table, refused?.get(index), rows, valuesOf)) ||
          (switchesTriggers === "done" && !inTransaction && (await fillWithTriggers(table)));
        if (isFilled) filled.add(table.name);
        else withoutRows.push(table.name);
      }
    }
  } finally {
    if (switchesTriggers === "done") await database.execute("set session_replication_role = origin");
  }
  return { filled, withoutRows };

  /** Of a table whose triggers make rows what its constraints ask for, as those that keep two columns in step do. */
  async function fillWithTriggers(table: TableFacts): Promise<boolean> {
    if (table.checks.length === 0) return false;
    await database.execute("set session_replication_role = origin");
    const isFilled = await fill(tries, table, undefined, rows, valuesOf);
    await database.execute("set session_replication_role = replica");
    return isFilled;
  }
}

/** The referenced before the referencing, as far as there is no circle. */
function parentsFirst(tables: readonly TableFacts[]): TableFacts[] {
  const waiting = new Map(tables.map((table) => [table.oid, table]));
  const ordered: TableFacts[] = [];
  const place = (table: TableFacts): void => {
    if (!waiting.delete(table.oid)) return;
    for (const { references } of table.foreignKeys) {
      const parent = waiting.get(references);
      if (parent !== undefined) place(parent);
    }
    ordered.push(table);
  };
  for (const table of tables) place(table);
  return ordered;
}

/** Runs statements, all of them or none. */
type Tries = (sql: string) => Promise<ConfitureError | "done">;

/**
 * Fills tables in one message, every row by itself.
 * @returns by table the rows that PostgreSQL refused; undefined where it could not be done
 */
async function fillTogether(
  database: Database,
  tries: Tries,
  tables: readonly TableFacts[],
  rows: number,
  valuesOf: ValuesOf,
): Promise<ReadonlyMap<number, ReadonlySet<number>> | undefined> {
  const texts = tables.flatMap((table) => {
    const candidates = candidatesOfAll(table, valuesOf);
    return Array.from({ length: rows }, (_, row) => quoteLiteral(insertSql(table, candidates, row, rows, new Map())));
  });
  const body = `declare
  texts text[] := array[${texts.join(", ")}];
  refused text[] := '{}';
begin
  for at in 1..${texts.length} loop
    begin
      execute texts[at];
    exception when others then
      refused := refused || (at - 1)::pg_catalog.text;
    end;
  end loop;
  perform pg_catalog.set_config('${REFUSED}', pg_catalog.array_to_string(refused, ','), false);
end`;
  if ((await tries(`do ${quoteLiteral(body)}`)) !== "done") return undefined;
  const [{ numbers } = { numbers: "" }] = await database.query<{ numbers: string }>(
    `select pg_catalog.current_setting('${REFUSED}') as numbers`,
  );
  const refused = new Map(tables.map((_, index) => [index, new Set<number>()]));
  for (const number of numbers
    .split(",")
    .filter((part) => part !== "")
    .map(Number)) {
    refused.get(Math.floor(number / rows))?.add(number % rows);
  }
  return refused;
}

/** @param refused rows that are missing; undefined for all of them */
async function fill(
  tries: Tries,
  table: TableFacts,
  refused: ReadonlySet<number> | undefined,
  rows: number,
  valuesOf: ValuesOf,
): Promise<boolean> {
  if (refused?.size === 0) return true;
  const candidates = candidatesOfAll(table, valuesOf);
  let some = refused !== undefined && refused.size < rows;
  for (let row = 0; row < rows; row++) {
    if (refused?.has(row) === false) continue;
    some = (await fillRow(tries, table, candidates, row, rows)) || some;
  }
  // One of several columns may have to hold a value: each of two others is NULL once.
  const isChoice = refused?.has(rows - 1) !== false && table.checks.some(({ columns }) => columns.length > 1);
  if (isChoice) some = (await fillRow(tries, table, candidates, rows - 1, rows, true)) || some;
  return some;
}

async function fillRow(
  tries: Tries,
  table: TableFacts,
  candidates: Candidates,
  row: number,
  rows: number,
  isOther = false,
): Promise<boolean> {
  const shifts = new Map<number, number>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const error = await tries(insertSql(table, candidates, row, rows, shifts));
    if (error === "done") return true;
    const shifted = toChange(table, error, row === rows - 1 ? shifts : undefined, isOther);
    for (const number of shifted) shifts.set(number, (shifts.get(number) ?? 0) + 1);
  }
  return false;
}

/**
 * The columns that are to have other values: those of the constraint that refuses a row, or all of them.
 * @param nulls of the row that is NULL where it may be, how often each column was changed before: as few as possible become another
 * @param isOther whether the first of several that could be it is to be one, rather than the last
 */
function toChange(
  table: TableFacts,
  { server }: ConfitureError,
  nulls: ReadonlyMap<number, number> | undefined,
  isOther: boolean,
): readonly number[] {
  const { sqlstate = "", constraint, column } = server ?? {};
  const check = table.checks.find(({ name }) => name === constraint);
  if (check !== undefined && check.columns.length > 0) {
    const kept = nulls === undefined ? [] : check.columns.filter((number) => !nulls.has(number));
    return kept.length === 0 ? check.columns : kept.slice(...(isOther ? [0, 1] : [-1]));
  }
  if (TAKEN.has(sqlstate)) return table.uniqueColumns;
  const own = table.columns.filter(
    ({ name, domainChecks }) => name === column || domainChecks?.some((one) => one.name === constraint) === true,
  );
  return (own.length === 0 ? table.columns : own).map(({ number }) => number);
}

type Candidates = ReadonlyMap<number, readonly string[]>;

function candidatesOfAll(table: TableFacts, valuesOf: ValuesOf): Candidates {
  return new Map(
    table.columns.map((column) => [column.number, valuesOf(table, column) ?? candidatesOf(table, column)]),
  );
}

/** Values as text; what constraints speak of comes behind what the type suggests. */
function candidatesOf(table: TableFacts, column: ColumnFacts): string[] {
  const isKey = table.uniqueColumns.includes(column.number);
  const checks = [
    ...table.checks.filter(({ columns }) => columns.includes(column.number)),
    ...(column.domainChecks ?? []),
  ].map(({ definition }) => definition);
  const isOfBound = table.bound !== null && table.keyColumns.includes(column.name);
  const spoken = [...checks, ...(isOfBound ? [table.bound] : [])].flatMap((text) => literalsIn(text));
  const samples = samplesFor(column, isKey);
  // A partition takes only what belongs there.
  return isOfBound ? [...spoken, ...samples] : [...samples, ...spoken];
}

function insertSql(
  table: TableFacts,
  candidates: Candidates,
  row: number,
  rows: number,
  shifts: ReadonlyMap<number, number>,
): string {
  const columns: string[] = [];
  const values: string[] = [];
  for (const column of table.columns) {
    if (column.generated) continue;
    const shift = shifts.get(column.number) ?? 0;
    const value = valueOf(table, column, candidates.get(column.number) ?? [], row, rows, shift);
    if (value === undefined) continue;
    columns.push(quoteIdentifier(column.name));
    values.push(value);
  }
  return columns.length === 0
    ? `insert into ${table.name} default values`
    : `insert into ${table.name} (${columns.join(", ")}) overriding system value values (${values.join(", ")})`;
}

/** An expression; undefined leaves the column to its default. */
function valueOf(
  table: TableFacts,
  column: ColumnFacts,
  candidates: readonly string[],
  row: number,
  rows: number,
  shift: number,
): string | undefined {
  const isKey = table.uniqueColumns.includes(column.number);
  // Numbers that a sequence will give must not be taken.
  if (column.identity || (isKey && column.hasDefault && shift < 2)) return undefined;
  const key = table.foreignKeys.find(({ columns }) => columns.includes(column.number));
  const isLast = row === rows - 1;
  if (isLast && !column.notNull && shift === 0) return "null";
  if (key !== undefined) {
    const referenced = key.referencedColumns[key.columns.indexOf(column.number)];
    const offset = isKey ? row + shift : 0;
    return `(select ${quoteIdentifier(referenced ?? "")} from ${key.referencedName} offset ${offset} limit 1)`;
  }
  if (candidates.length === 0) return column.notNull ? "''" : "null";
  // The first two rows are alike where they may be.
  const at = isKey ? row + shift * rows : Math.max(0, row - 1) + shift;
  const value = candidates[at % candidates.length];
  return value === undefined ? "null" : quoteLiteral(value);
}

async function triesIn(database: Database, sql: string, inTransaction: boolean): Promise<ConfitureError | "done"> {
  const [begin, end, back] = inTransaction
    ? [
        "savepoint confiture_rows",
        "release savepoint confiture_rows",
        "rollback to savepoint confiture_rows; release savepoint confiture_rows",
      ]
    : ["begin", "commit", "rollback"];
  try {
    await database.execute(`${begin}; ${sql}; ${end}`);
    return "done";
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    await database.execute(back);
    return error;
  }
}
