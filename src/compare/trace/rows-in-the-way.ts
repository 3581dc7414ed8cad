import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { backToSavepoint } from "./guarded.ts";
import { type MadeUp, makeUpRows } from "./made-up-rows.ts";
import type { StatementError } from "./facts.ts";
import type { Meter } from "./meter.ts";
import { isTable } from "./read-tables.ts";
import { RowlessTables } from "./rowless-tables.ts";
import { RowsBefore } from "./rows-before.ts";
import { bringsRows } from "./seeds.ts";

/** Data exceptions, violated constraints, raised exceptions, too many rows, and triggers that are still to fire. */
const BY_ROWS = /^(?:22|23|P0|21)|^55006$/;

/** Whether other rows could make the difference: PostgreSQL could read the statement, and failed while it ran. */
export function dependsOnRows({ server }: ConfitureError): boolean {
  return server !== undefined && BY_ROWS.test(server.sqlstate);
}

/** The rows that tables of a scratch database were given. */
export class RowsInTheWay {
  /** Tables whose rows were made up, as `Relation.name`. */
  readonly #madeUp: Set<string>;
  readonly #hasFixtures: boolean;
  readonly #without: ReadonlySet<string>;
  /** Tables into which migrations have put rows, by their names without a schema. */
  readonly #inserted = new Set<string>();
  /** Of these tables. */
  readonly #before = new RowsBefore();

  /** Tables that no row could be made up for. */
  readonly rowless: RowlessTables;

  /** @param without tables that are the tool's own */
  constructor({ filled, withoutRows }: MadeUp, hasFixtures: boolean, without: ReadonlySet<string>) {
    this.#madeUp = new Set(filled);
    this.rowless = new RowlessTables(withoutRows);
    this.#hasFixtures = hasFixtures;
    this.#without = without;
  }

  /** Makes rows up for tables that were emptied, so that later statements meet some as well. */
  async refill(database: Database, tables: readonly string[], inTransaction: boolean): Promise<void> {
    await this.#before.refilling(database, tables, async () => {
      const { filled } = await makeUpRows(database, { without: this.#without, only: new Set(tables), inTransaction });
      for (const table of filled) this.#madeUp.add(table);
    });
  }

  /** To be told before a statement of a migration runs: which rows were there is known as long as none of its own is beside them. */
  async noteBefore(database: Database, statement: Statement): Promise<void> {
    const written = bringsRows(statement) ? insertedInto(statement) : undefined;
    if (written !== undefined) await this.#before.note(database, written);
  }

  /** As `RowsBefore.mark`. */
  mark(): () => void {
    return this.#before.mark();
  }

  /** Fixtures may have come to tables in the meantime. */
  forgetBefore(): void {
    if (this.#hasFixtures) this.#before.forget();
  }

  /** What `remove` takes for the rows that were there before those that migrations bring along, as `RowsBefore.others` tells them. */
  async others(
    database: Database,
    statement: Statement,
    error: ConfitureError,
  ): Promise<readonly string[] | undefined> {
    const written = insertedInto(statement);
    const found = written === undefined ? undefined : await this.#before.others(database, written, error);
    return found === undefined ? undefined : [found];
  }

  /** Notes into which table a statement of a migration has put rows, if into any. */
  noteInserted(statement: Statement): void {
    const written = insertedInto(statement);
    const name = written === undefined ? undefined : parseQualifiedName(written)?.name;
    if (name !== undefined) this.#inserted.add(name);
  }

  /** Where the rows of a table come from, in words; of a table that is not known, those of any. */
  whose(table: string | undefined): string {
    const isMadeUp = this.isMadeUp(table);
    const name = table === undefined ? undefined : parseQualifiedName(table)?.name;
    const isInserted = name !== undefined && this.#inserted.has(name);
    if (isMadeUp) return isInserted ? "rows made up for this, or inserted by a migration" : "rows made up for this";
    if (!this.#hasFixtures) return "rows that a migration inserted";
    return isInserted ? "rows of the fixtures, or inserted by a migration" : "rows of the fixtures";
  }

  isMadeUp(table: string | undefined): boolean {
    return table === undefined ? !this.#hasFixtures : this.#madeUp.has(table);
  }

  /**
   * Which tables to empty, one choice after the other: the one that an error is about, then all of them.
   * @param first a choice that is to come before these
   */
  choices({ server }: ConfitureError, meter: Meter, first?: readonly string[]): readonly (readonly string[])[] {
    const all = meter.tables().filter((table) => !this.#without.has(table));
    const { schema, table } = server ?? {};
    const named = all.find((name) => table !== undefined && isTable(name, schema ?? "", table));
    return [...(first === undefined ? [] : [first]), ...(named === undefined ? [] : [[named]]), all];
  }

  /** Deletes rows without waking triggers; inside a transaction as a part of it. */
  async remove(database: Database, tables: readonly string[]): Promise<void> {
    await database.execute(asReplica(tables.map((table) => `delete from ${table}`).join("; ")));
  }

  /** As `remove`, of all tables, so that nothing is left of the rows; locks the tables. */
  async empty(database: Database, meter: Meter): Promise<void> {
    const tables = meter.tables().filter((table) => !this.#without.has(table));
    if (tables.length > 0) await database.execute(asReplica(`truncate ${tables.join(", ")} cascade`));
  }

  /** What CREATE INDEX CONCURRENTLY leaves behind where it fails. */
  async dropInvalidIndexes(database: Database, meter: Meter): Promise<void> {
    const invalid = await database.query<{ name: string }>(INVALID);
    for (const { name } of invalid) if (meter.find(name) === undefined) await database.execute(`drop index ${name}`);
  }
}

const INSERTS_INTO = /^(?:insert\s+into|copy)\s+((?:(?:"[^"]+"|[\w$]+)\s*\.\s*)?(?:"[^"]+"|[\w$]+))/i;
/** Characters in which the table's name stands. */
const LONGEST_HEAD = 300;

/** Statements that wake no trigger. */
function asReplica(sql: string): string {
  const role = "pg_catalog.set_config('session_replication_role'";
  return `select ${role}, 'replica', false); ${sql}; select ${role}, 'origin', false)`;
}

/** The table into which a statement puts rows, as it writes it. */
function insertedInto({ text }: Statement): string | undefined {
  return INSERTS_INTO.exec(text.slice(0, LONGEST_HEAD))?.[1];
}

const INVALID = `
  select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not i.indisvalid and c.relkind = 'i' and n.nspname !~ '^pg_'`;

/**
 * The row or key that an error is about, in PostgreSQL's words. Inside a transaction, behind its savepoint.
 * @param text the statement, where it may be tried in another form
 */
export async function exampleOf(
  database: Database,
  error: ConfitureError,
  rows: RowsInTheWay,
  text?: string,
): Promise<StatementError["onRows"]> {
  const { server } = error;
  if (server === undefined) return undefined;
  const { schema, table, column, detail, sqlstate } = server;
  const name = table === undefined ? undefined : await shownName(database, schema, table);
  const of = { table: name, madeUp: rows.isMadeUp(name), whose: rows.whose(name), isEvery: false };
  // SET NOT NULL names the column alone.
  if (sqlstate === "23502" && detail === undefined && name !== undefined && column !== undefined) {
    const found = await rowWithNull(database, name, column);
    if (found !== undefined) return { ...of, example: found };
  }
  // ADD CHECK says "some row".
  if (sqlstate === "23514" && detail === undefined && name !== undefined && text !== undefined) {
    const found = await rowAgainstCheck(database, name, server.constraint ?? "", text);
    if (found !== undefined) return { ...of, example: found };
  }
  return { ...of, example: detail ?? server.message };
}

async function shownName(database: Database, schema: string | undefined, table: string): Promise<string> {
  const [row] = await database.query<{ name: string }>(
    "select coalesce(pg_catalog.quote_ident($1) || '.', '') || pg_catalog.quote_ident($2) as name",
    [schema ?? null, table],
  );
  return row?.name ?? quoteQualified(schema, table);
}

async function rowWithNull(database: Database, table: string, column: string): Promise<string | undefined> {
  try {
    const [row] = await database.query<{ row: string }>(
      `select r::pg_catalog.text as row from ${table} r where r.${quoteIdentifier(column)} is null limit 1`,
    );
    return row === undefined ? undefined : `Failing row contains ${row.row}.`;
  } catch (failure) {
    if (failure instanceof ConfitureError && failure.server !== undefined) return undefined;
    throw failure;
  }
}

/** A row that a CHECK refuses: added without looking at rows, its condition can be asked for. */
async function rowAgainstCheck(
  database: Database,
  table: string,
  constraint: string,
  text: string,
): Promise<string | undefined> {
  const find = async (): Promise<{ condition: string } | undefined> => {
    const [check] = await database.query<{ condition: string }>(
      `select pg_catalog.pg_get_expr(k.conbin, k.conrelid) as condition from pg_catalog.pg_constraint k
        where k.conrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and k.conname operator(pg_catalog.=) $2 and k.contype = 'c'`,
      [table, constraint],
    );
    return check;
  };
  try {
    // VALIDATE CONSTRAINT finds it there.
    let check = await find();
    if (check === undefined) {
      await database.execute(`${text} not valid`);
      check = await find();
    }
    if (check === undefined) return undefined;
    const [row] = await database.query<{ row: string }>(
      `select t::pg_catalog.text as row from ${table} t where not (${check.condition}) limit 1`,
    );
    return row === undefined ? undefined : `Failing row contains ${row.row}.`;
  } catch (failure) {
    if (failure instanceof ConfitureError && failure.server !== undefined) return undefined;
    throw failure;
  } finally {
    await backToSavepoint(database);
  }
}
