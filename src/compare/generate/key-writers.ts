import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { isTable, readTables, type TableFacts } from "../trace/read-tables.ts";
import { operand } from "./expression.ts";
import { silenceTriggers } from "./row-samples.ts";
import type { ChangedTable, TypeChange } from "./type-change.ts";

interface WrittenTable {
  readonly change: ChangedTable;
  /** Quoted. */
  readonly name: string;
  /** Where rows are that were deleted and may come back. */
  readonly parked: string;
  /** What the application knows of it, quoted, without generated columns. */
  readonly columns: readonly string[];
  readonly all: readonly string[];
}

/** Plays an application that writes to tables whose keys get wider types: the same statements before and after. */
export class KeyWriters {
  readonly #database: Database;
  readonly #tables: readonly WrittenTable[];
  readonly #change: TypeChange;
  #seed = 4711;

  private constructor(database: Database, change: TypeChange, tables: readonly WrittenTable[]) {
    this.#database = database;
    this.#change = change;
    this.#tables = tables;
  }

  /** @param database with the tables as they are before the first migration */
  static async start(database: Database, change: TypeChange): Promise<KeyWriters> {
    const facts = await database.query<TableFacts>(readTables());
    const tables: WrittenTable[] = [];
    for (const [index, one] of change.tables.entries()) {
      const { schema, table } = one;
      const name = quoteQualified(schema, table);
      const found = facts.find((fact) => isTable(fact.name, schema, table));
      if (found === undefined) throw new Error("the table is gone");
      const parked = `confiture_proof.parked${index}`;
      await database.execute(
        `create schema if not exists confiture_proof; create table ${parked} as select * from ${name} where false`,
      );
      await silenceTriggers(database, name, found.oid);
      tables.push({
        change: one,
        name,
        parked,
        columns: found.columns.filter(({ generated }) => !generated).map((column) => quoteIdentifier(column.name)),
        all: found.columns.map((column) => quoteIdentifier(column.name)),
      });
    }
    return new KeyWriters(database, change, tables);
  }

  /** The same numbers every time. */
  #random(below: number): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((this.#seed / 2 ** 31) * below);
  }

  async write(count: number): Promise<void> {
    for (let done = 0; done < count; done++) {
      const table = this.#tables[this.#random(this.#tables.length)]!;
      const { name, parked, columns } = table;
      const listed = columns.join(", ");
      const row = this.#pick(name);
      const column = quoteIdentifier(table.change.old[this.#random(table.change.old.length)]!.name);
      switch (this.#random(5)) {
        case 0:
          await this.#try(
            table,
            `insert into ${parked} (${listed}) select ${listed} from ${name} where ctid = ${row}; delete from ${name} where ctid = ${row}`,
          );
          break;
        case 1:
          await this.#try(
            table,
            `insert into ${name} (${listed}) overriding system value select ${listed} from ${parked} where ctid = ${this.#pick(parked)};
             delete from ${parked} where ctid = ${this.#pick(parked)}`,
          );
          break;
        case 2:
          await this.#try(
            table,
            `update ${name} set ${column} = (select ${column} from ${name} where ctid = ${this.#pick(name)}) where ctid = ${row}`,
          );
          break;
        case 3:
          await this.#try(
            table,
            `update ${name} set ${column} = ${column} + ${1000 + this.#random(1000)} where ctid = ${row}`,
          );
          break;
        default:
          // Something else than what changes: it must stay in step.
          await this.#try(table, `update ${name} set ${column} = ${column} where ctid = ${row}`);
      }
    }
  }

  /** A row, always the same as long as there are the same. */
  #pick(table: string): string {
    return `(select s.ctid from ${table} as s order by s.ctid offset ${this.#random(1_000_003)} % greatest(1, (select count(*) from ${table})) limit 1)`;
  }

  async #try(table: WrittenTable, sql: string): Promise<void> {
    try {
      await this.#database.execute(`begin; ${sql}; commit`);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
      await rollback(this.#database);
      if (!this.#isOwn(table, error.server)) return;
      throw new ConfitureError(
        "generate_refused",
        `An application that writes meanwhile meets an error: ${error.server.message}`,
        { hint: `Nothing was written. ${BY_HAND}`, cause: error },
      );
    }
  }

  /** Whether an error is of what the change made, not one that the statement would have met before. */
  #isOwn({ change }: WrittenTable, server: NonNullable<ConfitureError["server"]>): boolean {
    const { sqlstate, constraint = "", column = "" } = server;
    if (WOULD_FAIL.has(sqlstate)) return false;
    if (sqlstate === NOT_NULL) return change.fresh.some(({ name }) => name === column);
    return sqlstate.startsWith("23")
      ? /(?:_agrees|_has_no_null|__new)$/.test(constraint) && !this.#isTwin(constraint)
      : true;
  }

  /** The new form of a constraint refuses what the old one refuses; which one is asked first is up to PostgreSQL. */
  #isTwin(constraint: string): boolean {
    return (
      this.#change.references.some(({ newName }) => newName === constraint) ||
      this.#change.tables.some(
        ({ constraints, indexes }) =>
          constraints.some(({ index }) => index === constraint) ||
          indexes.some(({ newName }) => newName === constraint),
      )
    );
  }

  /** Every row as the application finds it, and where the sequences are. */
  async look(): Promise<string[]> {
    const lines: string[] = [];
    for (const { name, all, change } of this.#tables) {
      const rows = await this.#database.query<{ line: string }>(
        `select pg_catalog.concat(${quoteLiteral(`${change.schema}.${change.table} `)}, row(${all.join(", ")})::text) as line from ${name} order by 1`,
      );
      lines.push(...rows.map(({ line }) => line));
    }
    const sequences = await this.#database.query<{ line: string }>(
      `select pg_catalog.concat('the sequence ', schemaname, '.', sequencename, ' at ', coalesce(last_value::text, 'its start')) as line
         from pg_catalog.pg_sequences where schemaname <> 'confiture_proof' order by 1`,
    );
    return [...lines, ...sequences.map(({ line }) => line)];
  }

  /**
   * @param unfilled tables, quoted, with rows that the backfill has not come to
   * @throws ConfitureError `generate_refused` where a new column is not what the old one is
   */
  async check(unfilled: ReadonlySet<string>): Promise<void> {
    for (const { name, change } of this.#tables) {
      const names = change.fresh.map((column) => quoteIdentifier(column.name));
      const differ = names.map((column, index) => `${column} is distinct from ${operand(change.forward[index]!, "")}`);
      const isEmpty = names.map((column) => `${column} is null`).join(" and ");
      const [row] = await this.#database.query<{ line: string }>(
        `select t::text as line from ${name} as t where (${differ.join(" or ")})${unfilled.has(name) ? ` and not (${isEmpty})` : ""} limit 1`,
      );
      if (row === undefined) continue;
      throw new ConfitureError(
        "generate_refused",
        `Tried with an application that writes meanwhile, a row of ${change.schema}.${change.table} does not have the same in its old and new columns: ${row.line}`,
        { hint: `Nothing was written. ${BY_HAND}` },
      );
    }
  }
}

/** not_null_violation */
const NOT_NULL = "23502";

/** GENERATED ALWAYS takes no value; a number that is too large for the old type; an operator or a cast that the type has not. */
const WOULD_FAIL: ReadonlySet<string> = new Set(["428C9", "22003", "42883", "42804"]);

const BY_HAND = "Write the steps by hand, as docs/guides/medium-4-schema-to-schema.md shows.";
