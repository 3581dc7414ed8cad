import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { backToSavepoint, releaseSavepoint, setSavepoint } from "./guarded.ts";

/** Of tables with more rows than these, nobody knows whose a row is. */
const MOST_ROWS = 1000;

interface Before {
  readonly oid: number;
  /** As JSON. */
  readonly rows: readonly string[];
}

/** The rows that tables had, by which those that migrations have put beside them are known. */
export class RowsBefore {
  /** By the table's name as a statement writes it; undefined where they were too many, or could not be read. */
  #tables = new Map<string, Before | undefined>();

  /** Reads the rows of a table before a migration puts others into it, unless that was done before. */
  async note(database: Database, written: string): Promise<void> {
    if (!this.#tables.has(written)) this.#tables.set(written, await tried(database, () => read(database, written)));
  }

  /** Where rows come from elsewhere, those of all tables are read anew. */
  forget(): void {
    this.#tables.clear();
  }

  /** @returns what goes back to what is known now, for when the database goes back as well */
  mark(): () => void {
    const tables = new Map(this.#tables);
    return () => {
      this.#tables = tables;
    };
  }

  /**
   * Does what gives rows to tables that have lost those that were there; the new ones take their place.
   * @param emptied as `Relation.name`; what else gets rows, such as the parent of a partition, keeps those that it has
   */
  async refilling(database: Database, emptied: readonly string[], work: () => Promise<void>): Promise<void> {
    const newest = new Map<string, Newest | undefined>();
    for (const [written, before] of this.#tables) {
      if (before !== undefined) newest.set(written, await tried(database, () => newestOf(database, before)));
    }
    await work();
    for (const [written, found] of newest) {
      const { oid, rows } = this.#tables.get(written)!;
      const kept = found !== undefined && emptied.includes(found.name) ? [] : rows;
      const added =
        found === undefined ? undefined : await tried(database, () => rowsOf(database, oid, newerThan(found.number)));
      const isKnown = added !== undefined && kept.length + added.length <= MOST_ROWS;
      this.#tables.set(written, isKnown ? { oid, rows: [...kept, ...added] } : undefined);
    }
  }

  /**
   * The rows that were there before, as what comes behind DELETE FROM: by the key that a statement has found taken. Behind its savepoint.
   * @param written the table, as the statement names it
   * @returns undefined where they cannot be told from those of migrations
   */
  async others(database: Database, written: string, { server }: ConfitureError): Promise<string | undefined> {
    const before = this.#tables.get(written);
    if (before === undefined || server?.table === undefined) return undefined;
    const { schema = "", table, constraint = "" } = server;
    const columns = await keyOf(database, { written, oid: before.oid, schema, constraint });
    const keys = before.rows.map((row) => JSON.parse(row) as Readonly<Record<string, unknown>>);
    // A column that is younger than these rows, or has another name by now, tells none of them.
    if (columns === undefined || keys.some((row) => columns.some((column) => !(column in row)))) return undefined;
    const isLike = columns.map(
      (column) =>
        `(o.value operator(pg_catalog.->>) ${quoteLiteral(column)}) is not distinct from ` +
        `(pg_catalog.to_jsonb(r.${quoteIdentifier(column)}) operator(pg_catalog.#>>) '{}')`,
    );
    const all = `pg_catalog.jsonb_array_elements(${quoteLiteral(`[${before.rows.join(",")}]`)}::pg_catalog.jsonb)`;
    return `${quoteQualified(schema, table)} r where exists (select from ${all} o where ${isLike.join(" and ")})`;
  }
}

/** @returns undefined where PostgreSQL refused it, which leaves the transaction as it was */
async function tried<T>(database: Database, work: () => Promise<T | undefined>): Promise<T | undefined> {
  const isInside = await setSavepoint(database);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    if (isInside) await backToSavepoint(database);
    return undefined;
  } finally {
    if (isInside) await releaseSavepoint(database);
  }
}

async function read(database: Database, written: string): Promise<Before | undefined> {
  const [table] = await database.query<{ oid: number | null }>(
    "select pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.int8::pg_catalog.float8 as oid",
    [written],
  );
  const oid = table?.oid ?? undefined;
  const rows = oid === undefined ? undefined : await rowsOf(database, oid, "true");
  return oid === undefined || rows === undefined ? undefined : { oid, rows };
}

/** The number of the transaction, or part of one, that wrote a row: those of a scratch database never begin again. */
const NUMBER = "r.xmin::pg_catalog.text::pg_catalog.int8";

function newerThan(number: number): string {
  return `${NUMBER} operator(pg_catalog.>) ${number}`;
}

/** @returns undefined where they are too many, or the table is gone */
async function rowsOf(database: Database, oid: number, condition: string): Promise<string[] | undefined> {
  const name = await nameOf(database, oid);
  if (name === undefined) return undefined;
  const rows = await database.query<{ row: string }>(
    `select pg_catalog.to_jsonb(r)::pg_catalog.text as row from ${name} r where ${condition} limit ${MOST_ROWS + 1}`,
  );
  return rows.length > MOST_ROWS ? undefined : rows.map(({ row }) => row);
}

interface Newest {
  /** As `Relation.name`. */
  readonly name: string;
  /** Of its newest row. */
  readonly number: number;
}

async function newestOf(database: Database, { oid }: Before): Promise<Newest | undefined> {
  const name = await nameOf(database, oid);
  if (name === undefined) return undefined;
  const [row] = await database.query<{ newest: string | null }>(
    `select pg_catalog.max(${NUMBER})::pg_catalog.text as newest from ${name} r`,
  );
  return { name, number: Number(row?.newest ?? 0) };
}

async function nameOf(database: Database, oid: number): Promise<string | undefined> {
  const [row] = await database.query<{ name: string }>(
    `select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.oid operator(pg_catalog.=) $1::pg_catalog.int8::pg_catalog.oid`,
    [oid],
  );
  return row?.name;
}

interface Key {
  readonly written: string;
  readonly oid: number;
  readonly schema: string;
  /** Of the index that has it, which is that of the constraint. */
  readonly constraint: string;
}

/** The columns of a unique index; undefined where it is over anything else, or the name stands for another table by now. */
async function keyOf(
  database: Database,
  { written, oid, schema, constraint }: Key,
): Promise<readonly string[] | undefined> {
  const [row] = await database.query<{ columns: string | null }>(
    `select pg_catalog.json_agg(a.attname)::pg_catalog.text as columns
       from pg_catalog.pg_index i
       join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
       join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) i.indrelid
        and a.attnum operator(pg_catalog.=) any ((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1])
      where n.nspname operator(pg_catalog.=) $1 and c.relname operator(pg_catalog.=) $2 and i.indisunique and i.indexprs is null
        and pg_catalog.to_regclass($3)::pg_catalog.oid operator(pg_catalog.=) $4::pg_catalog.int8::pg_catalog.oid`,
    [schema, constraint, written, oid],
  );
  return typeof row?.columns === "string" ? (JSON.parse(row.columns) as string[]) : undefined;
}
