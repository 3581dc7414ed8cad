import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteLiteral } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import type { StatementError } from "./facts.ts";

/** Of one of the tables. */
interface NewColumn {
  readonly table: string;
  readonly number: number;
  readonly name: string;
  /** Whether rows have a value by themselves: a default, an identity. */
  readonly has_value: boolean;
  readonly not_null: boolean;
  /** The domain that allows no NULL, if it is that. */
  readonly domain: string | null;
}

/** What may write rows of any table that it speaks of, or take them away. */
const WRITES: ReadonlySet<string> = new Set(
  "CALL COPY DELETE DO EXECUTE INSERT MERGE SELECT TRUNCATE UPDATE WITH".split(" "),
);

/**
 * Tables for which no rows could be made up. What stops at every row there can be, whatever it holds, is known all the same: a column that
 * nothing has filled and that is NOT NULL.
 */
export class RowlessTables {
  /** By name (`Relation.name`), the number of the last column that rows may have a value in; undefined as long as nobody has asked. */
  readonly #lastFilled: Map<string, number | undefined>;
  /** Columns that have a value, or that were told. */
  readonly #settled = new Set<string>();

  constructor(tables: readonly string[]) {
    this.#lastFilled = new Map(tables.map((table) => [table, undefined]));
  }

  /** To be called before a statement. @returns whether `lacking` is to be asked behind it */
  async note(database: Database, statement: Statement): Promise<boolean> {
    if (this.#lastFilled.size === 0) return false;
    const { firstWord = "", text } = statement;
    for (const table of this.#lastFilled.keys()) if (speaksOf(text, table)) this.#noteOne(table, firstWord, text);
    if (firstWord !== "ALTER" || !/\b(?:add|not\s+null|type)\b/i.test(text)) return false;
    const unasked = [...this.#lastFilled].flatMap(([table, last]) => (last === undefined ? [table] : []));
    for (const { table, number } of await columnsOf(database, unasked)) {
      this.#lastFilled.set(table, Math.max(number, this.#lastFilled.get(table) ?? 0));
    }
    return this.#lastFilled.size > 0;
  }

  #noteOne(table: string, firstWord: string, text: string): void {
    // Another table may have that name from then on, or the rows are gone.
    const isOther =
      firstWord === "CREATE" || firstWord === "DROP"
        ? /\b(?:table|schema)\b/i
        : /^(?:delete|truncate)\b|\brename\s+to\b|\bset\s+schema\b/i;
    if (isOther.test(text)) this.#lastFilled.delete(table);
    else if (WRITES.has(firstWord)) this.#lastFilled.set(table, undefined);
  }

  /** What the statement behind which it is asked would have said, had there been a row. */
  async lacking(database: Database): Promise<StatementError | undefined> {
    let found: StatementError | undefined;
    for (const column of await columnsOf(database, [...this.#lastFilled.keys()])) {
      const key = `${column.table}.${column.number}`;
      const last = this.#lastFilled.get(column.table);
      if (last === undefined || column.number <= last || this.#settled.has(key)) continue;
      if (column.has_value || column.not_null) this.#settled.add(key);
      if (!column.has_value && column.not_null) found ??= missing(column);
    }
    return found;
  }
}

/** Whether SQL names a table, by its bare name: too often rather than too rarely. Pure. */
export function speaksOf(text: string, table: string): boolean {
  return text.toLowerCase().includes((parseQualifiedName(table)?.name ?? table).toLowerCase());
}

/** As PostgreSQL says it (manual, "Error Codes": not_null_violation). */
function missing({ table, name, domain }: NewColumn): StatementError {
  const { schema, name: bare = table } = parseQualifiedName(table) ?? {};
  const message =
    domain === null
      ? `column "${name}" of relation "${bare}" contains null values`
      : `domain ${domain} does not allow null values`;
  const sqlstate = "23502";
  return {
    error: new ConfitureError("sql_failed", message, {
      server: {
        severity: "ERROR",
        sqlstate,
        message,
        table: bare,
        column: name,
        ...(schema === undefined ? {} : { schema }),
      },
    }),
    sqlstate,
    onRows: { table, example: message, isEvery: true, madeUp: true, whose: "rows made up for this" },
  };
}

async function columnsOf(database: Database, tables: readonly string[]): Promise<readonly NewColumn[]> {
  if (tables.length === 0) return [];
  return await database.query<NewColumn>(
    `select given as "table", a.attnum as number, a.attname as name,
            a.atthasdef or a.atthasmissing or a.attidentity operator(pg_catalog.<>) '' or t.typdefault is not null as has_value,
            a.attnotnull or t.typnotnull as not_null,
            case when t.typnotnull then pg_catalog.format_type(t.oid, null) end as domain
       from pg_catalog.unnest(array[${tables.map(quoteLiteral).join(", ")}]) given
       join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) pg_catalog.to_regclass(given)
       join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) a.atttypid
      where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped order by given, a.attnum`,
  );
}
