import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { makeUpRows } from "../trace/made-up-rows.ts";
import { type ColumnFacts, isTable, readTables, type TableFacts } from "../trace/read-tables.ts";
import { samplesFor } from "../trace/sample-values.ts";
import type { ColumnState } from "./column-facts.ts";
import type { Expression } from "./expression.ts";
import { withoutPublicationsOfAll } from "./proof.ts";
import type { Shortcomings } from "./options.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/** So many rows: several batches, and every value at least once. */
const ROWS = 24;

/** Where the proof keeps what is its own. */
const OWN = "confiture_proof";
/** Names each row for as long as it lives, in the table itself and in those of the proof. */
export const ROW = "confiture_row";
export const OLDS = `${OWN}.olds`;
export const NEWS = `${OWN}.news`;
export const TRUTH = `${OWN}.truth`;
export const PARKED = `${OWN}.parked`;

/** Texts that conversions of names and lists stumble over. */
const TEXTS: readonly string[] = [
  "Ada Lovelace",
  "Plato",
  "Mary Jane Watson",
  "",
  " Anonymous",
  "Grace  Hopper",
  "José Ortega y Gasset",
  "Prince ",
  "a,b;c",
  "42",
];
const INTEGERS: readonly string[] = ["0", "1", "-1", "7", "100"];
const MORE: Readonly<Record<string, readonly string[]>> = {
  text: TEXTS,
  varchar: TEXTS,
  citext: TEXTS,
  int2: [...INTEGERS, "32767", "-32768"],
  int4: [...INTEGERS, "2147483647", "-2147483648"],
  int8: [...INTEGERS, "9223372036854775807", "-9223372036854775808"],
  numeric: [...INTEGERS, "0.05", "19.99", "-0.001"],
  bool: ["true", "false"],
};

/** Rows for the proof of a change, and what its columns hold before and after. */
export interface Samples {
  /** Quoted. */
  readonly table: string;
  /** Every column of the table that can be written, without old and new ones and `ROW`. Quoted. */
  readonly kept: readonly string[];
  /** What the old release writes of it. Quoted. */
  readonly inputs: readonly string[];
  /** Triggers of the user's, which do not fire here: what they would do, nobody can tell. Names. */
  readonly triggers: readonly string[];
  readonly shortcomings: Shortcomings;
}

/** A value for which a conversion does not hold, in words. */
type Complain = (what: string, why: string) => ConfitureError;

/**
 * Fills the table, and makes sure that the conversion holds for what is in it, and for what the new release may write:
 * there is a value for every column that needs one, and old values come back.
 * @throws ConfitureError `generate_refused` with a counterexample
 */
export async function makeSamples(database: Database, change: SyncedColumns, complain: Complain): Promise<Samples> {
  const { schema, table: name, old, fresh, forward, isTwoWay, isLossy } = change;
  const table = quoteQualified(schema, name);
  await withoutPublicationsOfAll(database);
  await makeUpRows(database, { without: new Set(["public.confiture_migrations"]), inTransaction: false });
  const facts = (await database.query<TableFacts>(readTables())).find((one) => isTable(one.name, schema, name));
  if (facts === undefined) throw new Error("the table is gone");
  const inputNames = isTwoWay
    ? old.map((column) => column.name)
    : [...new Set(forward.flatMap(({ columns }) => columns))];
  // Once more, with more of them: what was there keeps the constraints of the others.
  await database.execute(`delete from ${table}`).catch(ignoreServer);
  await makeUpRows(database, {
    without: new Set(),
    only: new Set([facts.name]),
    rows: ROWS,
    valuesOf: (one, column) =>
      one.oid === facts.oid && inputNames.includes(column.name) ? valuesOf(column) : undefined,
    inTransaction: false,
  });
  const inputs = inputNames.map(quoteIdentifier);
  const own = new Set([...inputNames, ...old.map((column) => column.name)]);
  const kept = facts.columns
    .filter((column) => !column.generated && !own.has(column.name))
    .map((column) => quoteIdentifier(column.name));
  await database.execute(`create schema ${OWN}; create sequence ${OWN}.rows`);
  await database
    .execute(`alter table ${table} add column ${ROW} bigint not null default nextval('${OWN}.rows')`)
    .catch(cannotBeTried);
  await database.execute(`
    create table ${OLDS} as select * from ${table};
    alter table ${OLDS} ${added(fresh)};
    create table ${PARKED} as select * from ${table} where false`);
  await fill(database, OLDS, fresh, forward, inputs, "the old release writes", complain);
  await database.execute(`create table ${TRUTH} as select * from ${OLDS}`);
  const notRestored = old.length > 0 ? await requireReturn(database, change, inputs, isLossy, complain) : undefined;
  const notKept = isTwoWay ? await sampleNews(database, change, complain) : undefined;
  const required = [...(isTwoWay ? old : []), ...fresh].filter(({ notNull }) => notNull);
  await database.execute(
    [
      `alter table ${TRUTH} add primary key (${ROW}), add column confiture_changed boolean not null default false`,
      ...required.map((column) => `alter column ${quoteIdentifier(column.name)} set not null`),
    ].join(", "),
  );
  const triggers = await silenceTriggers(database, table, facts.oid);
  return { table, kept, inputs, triggers, shortcomings: { notKept, notRestored } };

  /** Values are put into columns, not compared as expressions: what does not fit into the column has to be noticed. */
  function valuesOf(column: ColumnFacts): readonly string[] {
    const more = MORE[column.typeName] ?? [];
    const fitting = column.length === null ? more : more.map((value) => value.slice(0, column.length ?? undefined));
    const values = [...new Set([...(column.isArray ? [] : fitting), ...samplesFor(column, false)])];
    // Columns of one row are to go through their values at different speed.
    const turn = inputNames.indexOf(column.name) * 3;
    return [...values.slice(turn % values.length), ...values.slice(0, turn % values.length)];
  }
}

/**
 * Keeps the triggers that a table has from firing, so that what the migrations make can be told from what they do.
 * @returns the names of those that did
 */
export async function silenceTriggers(database: Database, table: string, oid: number): Promise<string[]> {
  const found = await database.query<{ name: string }>(
    `select tgname::text as name from pg_catalog.pg_trigger where tgrelid = ${oid} and not tgisinternal and tgenabled in ('O', 'A') order by tgname`,
  );
  if (found.length > 0) await database.execute(`alter table ${table} disable trigger user`);
  return found.map(({ name }) => name);
}

function added(columns: readonly ColumnState[], prefix = ""): string {
  return columns.map(({ name, type }) => `add column ${quoteIdentifier(prefix + name)} ${type}`).join(", ");
}

/** Fills columns of a table of samples row by row, and makes sure that each that needs a value gets one. */
async function fill(
  database: Database,
  table: string,
  columns: readonly ColumnState[],
  values: readonly Expression[],
  shown: readonly string[],
  who: string,
  complain: Complain,
): Promise<void> {
  const set = columns.map(({ name }, index) => `${quoteIdentifier(name)} = ${values[index]!.sql("")}`).join(", ");
  try {
    await database.execute(`update ${table} set ${set}`);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    throw await firstFailing(error);
  }
  for (const { name, notNull } of columns) {
    if (!notNull) continue;
    const row = await exampleOf(database, table, shown, `${quoteIdentifier(name)} is null`);
    if (row !== undefined) throw complain(`${who} ${row}`, `${name} would be NULL, and must not be`);
  }

  async function firstFailing(whole: ConfitureError): Promise<ConfitureError> {
    for (const row of await database.query<{ n: string }>(`select ${ROW}::text as n from ${table} order by ${ROW}`)) {
      try {
        await database.execute(`update ${table} set ${set} where ${ROW} = ${row.n}`);
      } catch (error) {
        if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
        const example = (await exampleOf(database, table, shown, `${ROW} = ${row.n}`)) ?? "";
        return complain(`${who} ${example}`, error.server.message);
      }
    }
    return whole;
  }
}

/**
 * Old values have to be the same after the way there and back.
 * @returns one that is not, where that is allowed
 */
async function requireReturn(
  database: Database,
  change: SyncedColumns,
  inputs: readonly string[],
  isLossy: boolean,
  complain: Complain,
): Promise<string | undefined> {
  const { old, fresh, backward } = change;
  const back = `${OWN}.back`;
  await database.execute(`create table ${back} as select * from ${OLDS}; alter table ${back} ${added(old, "was ")}`);
  const was = old.map(({ name }) => quoteIdentifier(`was ${name}`));
  await database.execute(
    `update ${back} set ${old.map(({ name }, index) => `${was[index]} = ${quoteIdentifier(name)}`).join(", ")}`,
  );
  await fill(database, back, old, backward, was, "the way there and back of", complain);
  const differs = old.map(({ name }, index) => `${quoteIdentifier(name)} is distinct from ${was[index]}`).join(" or ");
  const news = fresh.map(({ name }) => quoteIdentifier(name));
  const example = await exampleOf(database, back, was, differs);
  if (example === undefined) return undefined;
  const [middle, end] = [
    await exampleOf(database, back, news, differs),
    await exampleOf(database, back, inputs, differs),
  ];
  const [what, becomes] = [
    example.replaceAll(/^was |(, )was /g, "$1"),
    `it becomes ${middle}, and on the way back ${end}`,
  ];
  if (isLossy) return `${what}: ${becomes}`;
  throw complain(what, becomes);
}

/** What the new release may write; in words what of that the old columns do not keep. */
async function sampleNews(database: Database, change: SyncedColumns, complain: Complain): Promise<string | undefined> {
  const { old, fresh, forward, backward } = change;
  const news = fresh.map(({ name }) => quoteIdentifier(name));
  const columns = fresh.map(
    ({ name, type, notNull }) => `${quoteIdentifier(name)} ${type}${notNull ? " not null" : ""}`,
  );
  await database.execute(`create table ${NEWS} (${columns.join(", ")})`);
  await makeUpRows(database, {
    without: new Set(),
    only: new Set([NEWS]),
    rows: ROWS,
    valuesOf: (_, column) => {
      const more = MORE[column.typeName] ?? [];
      const values = [...new Set([...more, ...samplesFor(column, false)])];
      const turn = (column.number - 1) * 3;
      return column.isArray || values.length === 0 || column.length !== null
        ? undefined
        : [...values.slice(turn % values.length), ...values.slice(0, turn % values.length)];
    },
    inTransaction: false,
  });
  await database.execute(`
    insert into ${NEWS} select ${news.join(", ")} from ${OLDS};
    alter table ${NEWS} add column ${ROW} bigint not null default nextval('${OWN}.rows'), ${added(old)}`);
  await fill(database, NEWS, old, backward, news, "the new release writes", complain);
  const again = `${OWN}.again`;
  await database.execute(
    `create table ${again} as select * from ${NEWS}; alter table ${again} ${added(fresh, "again ")}`,
  );
  const set = fresh.map(({ name }, index) => `${quoteIdentifier(`again ${name}`)} = ${forward[index]!.sql("")}`);
  await database.execute(`update ${again} set ${set.join(", ")}`).catch(ignoreServer);
  const differs = fresh
    .map(({ name }) => `${quoteIdentifier(`again ${name}`)} is distinct from ${quoteIdentifier(name)}`)
    .join(" or ");
  return await exampleOf(database, again, news, differs);
}

/** "full_name 'Plato'": the first row that a condition holds for. */
export async function exampleOf(
  database: Database,
  table: string,
  columns: readonly string[],
  condition: string,
): Promise<string | undefined> {
  const parts = columns.map(
    (column) => `'${column.replaceAll('"', "").replaceAll("'", "''")} ' || pg_catalog.quote_nullable(${column}::text)`,
  );
  const [row] = await database.query<{ shown: string }>(
    `select ${parts.join(` || ', ' || `)} as shown from ${table} where ${condition} order by ${ROW} limit 1`,
  );
  return row?.shown;
}

/** The proof has to tell rows apart. */
function cannotBeTried(error: unknown): never {
  if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
  throw error.with({
    code: "generate_refused",
    message: `The change cannot be tried with rows: ${error.message}`,
    hint: "Nothing was written. Write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.",
  });
}

function ignoreServer(error: unknown): void {
  if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
}
