import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral, type QualifiedName, quoteQualified } from "#sql/quote.ts";
import type { Backfill } from "../phases/phase.ts";
import FACTS from "./facts.sql" with { type: "text" };
import { hiddenFrom } from "./hidden.ts";
import { type KeyColumn, keyWalk, pageWalk, type Walk } from "./key.ts";
import { type FillStatement, REFUSED } from "./statement.ts";

/** A backfill that can be run: its statement, and the way through the table. */
export interface PreparedFill {
  readonly statement: FillStatement;
  readonly backfill: Backfill;
  readonly walk: Walk;
  /** The table's name, qualified and quoted. */
  readonly table: string;
  /** Its number in pg_class. */
  readonly oid: number;
  /** Null where nobody has counted it. */
  readonly rowsEstimate: number | null;
}

/** What the catalogue says of the tables of a backfill. */
interface Facts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly pages: number;
  readonly rows: number;
  readonly uncounted: boolean;
  readonly has_children: boolean;
  readonly is_hidden: boolean;
  readonly is_owned: boolean;
  readonly is_subscribed: boolean;
  /** One that does not fire for what a subscription writes. */
  readonly sync_trigger: string | null;
  readonly indexes: readonly Index[] | null;
  readonly partition_key: readonly string[] | null;
  readonly triggers: readonly { readonly name: string; readonly columns: readonly string[] | null }[] | null;
  readonly foreign_keys:
    | readonly { readonly name: string; readonly columns: readonly string[]; readonly incoming: boolean }[]
    | null;
  readonly functions:
    | readonly { readonly schema: string; readonly name: string; readonly volatility: string; readonly kind: string }[]
    | null;
}

interface Index {
  readonly name: string;
  readonly primary: boolean;
  readonly usable: boolean;
  readonly sameDirection: boolean;
  readonly columns: readonly (KeyColumn & { readonly notNull: boolean })[] | null;
}

/** Values that differ from run to run, though PostgreSQL calls the functions stable. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(["now", "transaction_timestamp", "statement_timestamp"]);

/** Rows on a page, where nobody has counted the table. */
const ROWS_OF_PAGE = 50;

/**
 * Looks at the tables of a backfill as they are now.
 * @throws ConfitureError `backfill_refused` for what cannot be done in batches, or would come out differently
 */
export async function prepareFill(
  database: Database,
  statement: FillStatement,
  backfill: Backfill,
): Promise<PreparedFill> {
  const refuse = (why: string, hint: string): ConfitureError =>
    new ConfitureError(REFUSED, why, { hint, location: statement.location });
  const through = await resolveTable(database, backfill.table);
  const written = await resolveTable(database, statement.table);
  const target = await resolveTable(database, statement.target);
  const shown = quoteQualified(backfill.table.schema, backfill.table.name);
  if (through === undefined || target === undefined) {
    throw refuse(
      `There is no table ${through === undefined ? shown : quoteQualified(statement.target.schema, statement.target.name)}`,
      "Check the name behind backfill: and in the statement.",
    );
  }
  if (written !== through) {
    throw refuse(
      `The statement is about ${quoteQualified(statement.table.schema, statement.table.name)}, not about ${shown}`,
      "Let backfill: name the table that the statement updates, deletes from, or selects from.",
    );
  }
  if (statement.verb === "INSERT" && target === through) {
    throw refuse(
      `The INSERT writes to the table that it reads, ${shown}`,
      "Fill a table of its own, or write an UPDATE.",
    );
  }
  const names = [...new Set(statement.functions.map(({ name }) => name))];
  const [facts] = await queryCatalogue<Facts>(database, FACTS, [through, JSON.stringify(names), target]);
  if (facts === undefined) throw refuse(`There is no table ${shown}`, "Check the name behind backfill:.");
  if (facts.kind !== "r" && facts.kind !== "p") {
    throw refuse(`${shown} is no table`, "Name the table below it, whose rows are to change.");
  }
  if (facts.is_hidden) throw hiddenFrom(backfill.table, facts.is_owned, statement.location);
  if (facts.is_subscribed && facts.sync_trigger !== null) {
    throw refuse(
      `A subscription writes to ${shown}, and the trigger ${facts.sync_trigger} does not fire for what it writes`,
      `Make it fire always: ALTER TABLE ${shown} ENABLE ALWAYS TRIGGER ${quoteIdentifier(facts.sync_trigger)};`,
    );
  }
  refuseFunctions(statement, backfill, facts, refuse);
  refuseTriggers(statement, backfill, facts, refuse);
  const moved =
    statement.verb === "INSERT" ? undefined : facts.partition_key?.find((column) => statement.columns.includes(column));
  if (moved !== undefined) {
    throw refuse(
      `The UPDATE changes ${moved}, by which ${shown} is partitioned, so rows would move between partitions and batches`,
      "Copy the rows into a new table instead, with INSERT ... SELECT.",
    );
  }
  const table = quoteQualified(facts.schema, facts.name);
  const walk = walkOf(statement, backfill, facts, table, refuse);
  return {
    statement,
    backfill,
    walk,
    table,
    oid: through,
    rowsEstimate: facts.uncounted && facts.kind === "r" ? null : facts.rows,
  };
}

/** A table's number in pg_class, by the session's search_path, as the statement's own names are; undefined for none. */
export async function resolveTable(database: Database, { schema, name }: QualifiedName): Promise<number | undefined> {
  const [row] = await database.query<{ oid: string | null }>(
    `select pg_catalog.to_regclass(${quoteLiteral(quoteQualified(schema, name))})::pg_catalog.oid::pg_catalog.text as oid`,
  );
  return row?.oid === undefined || row.oid === null ? undefined : Number(row.oid);
}

type Refuse = (why: string, hint: string) => ConfitureError;

function refuseFunctions(statement: FillStatement, { once }: Backfill, { functions }: Facts, refuse: Refuse): void {
  for (const called of statement.functions) {
    const meant = (functions ?? []).filter(
      ({ name, schema }) => name === called.name && (called.schema === undefined || schema === called.schema),
    );
    if (called.ofRow && meant.some(({ kind }) => kind === "a" || kind === "w")) {
      throw refuse(
        `${called.name}() looks at all rows, and a batch has only some of them`,
        "Put it into a subquery that reads all rows: (SELECT max(x) FROM t).",
      );
    }
    const isVolatile = meant.some(({ volatility }) => volatility === "v");
    const isOfMoment = called.writes && OF_THE_MOMENT.has(called.name);
    if (!isVolatile && !isOfMoment) continue;
    if (!called.writes) {
      throw refuse(
        `${called.name}() in the condition gives another value every time, so rows could be left out or done twice`,
        "Leave it out of WHERE. If it is a function of your own that always gives the same, mark it IMMUTABLE or STABLE.",
      );
    }
    if (once) continue;
    throw refuse(
      `${called.name}() gives another value every time, so a second run would not write the same`,
      "If each row is to get such a value once, and WHERE leaves out rows that have one, say once:true on the marker. If it is a function of your own that always gives the same, mark it IMMUTABLE or STABLE.",
    );
  }
}

function refuseTriggers(statement: FillStatement, { triggers }: Backfill, facts: Facts, refuse: Refuse): void {
  if (statement.verb === "UPDATE" && triggers === undefined) {
    const fires = (facts.triggers ?? []).find(
      ({ columns }) => columns === null || columns.some((column) => statement.columns.includes(column)),
    );
    if (fires !== undefined) {
      throw refuse(
        `The trigger ${fires.name} fires for each row of this backfill, and may change more of it (updated_at) or do something elsewhere`,
        "Say on the marker what is meant: triggers:on lets it fire, triggers:off keeps it from it.",
      );
    }
  }
  if (triggers !== "off") return;
  const unchecked = (facts.foreign_keys ?? []).find(({ columns, incoming }) =>
    statement.verb === "DELETE"
      ? incoming
      : statement.verb === "INSERT"
        ? !incoming
        : !incoming && columns.some((column) => statement.columns.includes(column)),
  );
  if (unchecked === undefined) return;
  throw refuse(
    `With triggers:off the foreign key ${unchecked.name} would not be checked either`,
    "Say triggers:on, or disable the one trigger in a migration before and enable it in one behind.",
  );
}

function walkOf(statement: FillStatement, { key }: Backfill, facts: Facts, table: string, refuse: Refuse): Walk {
  const indexes = facts.indexes ?? [];
  if (key === "ctid") {
    if (facts.kind === "p" || facts.has_children) {
      throw refuse(
        `The rows of ${table} are in several tables, which have pages of their own`,
        "Name a key: key:COLUMN.",
      );
    }
    const rows = facts.pages > 0 && facts.rows > 0 ? facts.rows / facts.pages : ROWS_OF_PAGE;
    return pageWalk(table, rows);
  }
  const index = indexes.find(({ primary, columns, usable }) =>
    key === undefined ? primary : usable && isSame(columns?.map(({ name }) => name) ?? [], key),
  );
  const columns = index?.columns ?? [];
  if (index === undefined || columns.length === 0) {
    const found = indexes
      .filter(({ usable, columns: own }) => usable && own?.every(({ notNull }) => notNull) === true)
      .map(({ columns: own }) => `key:${own?.map(({ name }) => name).join(",")}`);
    const others = facts.kind === "p" ? found : [...found, "key:ctid"];
    throw refuse(
      key === undefined
        ? `${table} has no primary key to go by`
        : `No unique index of ${table} has exactly the columns ${key.join(", ")}`,
      others.length === 0
        ? "Make a unique index on columns that are NOT NULL, and name them: key:COLUMN."
        : `Say on the marker how to go through it: ${others.join(" or ")}.`,
    );
  }
  const nullable = columns.find(({ notNull }) => !notNull);
  if (nullable !== undefined) {
    throw refuse(
      `The column ${nullable.name} of the key may be null, and such rows would be left out`,
      "Choose a key whose columns are NOT NULL (and validated), or key:ctid.",
    );
  }
  if (!index.sameDirection) {
    throw refuse(
      `The index ${index.name} sorts some columns up and others down, so it cannot be gone through in one direction`,
      "Choose another key, or key:ctid.",
    );
  }
  const own = statement.verb === "INSERT" ? undefined : columns.find(({ name }) => statement.columns.includes(name));
  if (own !== undefined) {
    throw refuse(
      `The UPDATE changes ${own.name}, by which it goes through the table, so rows could be left out or done twice`,
      "Choose another key: key:COLUMN, or key:ctid.",
    );
  }
  return keyWalk(table, columns);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
