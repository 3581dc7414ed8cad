import { lookingInside, queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";

/** How many tables one question is about. */
const AT_ONCE = 200;

/**
 * The largest table, in bytes, each of whose rows is read, and how much of these is read in all: on a server 0.02 s a megabyte. Where that is
 * used up, rows of tables up to `COUNTED` are counted.
 */
const READ = 20_000_000;
const READ_IN_ALL = { server: 100_000_000, embedded: 20_000_000 } as const;
const COUNTED = 1_000_000;

export interface FilledTable {
  readonly oid: number;
  /** For people. */
  readonly name: string;
  /** How many rows it has; undefined where they were not counted: in a large table, and where the role may not read it. */
  readonly rows: number | undefined;
  /** A hash of what no default has given it, of each row, sorted; undefined where not each was read. */
  readonly hashes: BigUint64Array | undefined;
  readonly columns: readonly FilledColumn[];
  /** Where its rows are stored, which TRUNCATE changes, and whatever else writes the table anew. */
  readonly storage: number;
  /** Rows that the open transaction deleted. */
  readonly deleted: number;
  /** Rows that it inserted, since the last TRUNCATE. */
  readonly inserted: number;
}

interface FilledColumn {
  /** Its number, which no other column of the table gets. */
  readonly at: number;
  readonly name: string;
  /** Its text, which is the same in types with more digits. */
  readonly sql: string;
  /** Whether its values are computed from others. */
  readonly computed: boolean;
  /** Whether its values are those that were written: no identity, and no default that gives another one each time. */
  readonly written: boolean;
}

/** How rows are looked at, and not only whether there are any. */
export interface RowsLook {
  /** Whether a default, of pg_attrdef d, always gives the same, as SQL. */
  readonly constant: string;
  /** What an earlier look found: rows that it read are read again where the table may have lost some. */
  readonly before?: readonly FilledTable[] | undefined;
}

/** How its questions are asked. */
type Query = <Row extends object>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;

/**
 * The tables that have rows, in the order of their names. Tables of extensions do not count, nor those of a schema that
 * is left out; where the role may not read a table, one that takes room on the disk counts.
 * @param database in no transaction
 * @param leftOut a table of the tool's own
 */
export async function filledTables(
  database: Database,
  leftOut: { readonly schema: string; readonly table: string },
): Promise<FilledTable[]> {
  return await askFor((sql, parameters) => queryCatalogue(database, sql, parameters), leftOut);
}

/** The same, and their rows, as the open transaction of the session sees them, which stays open. */
export async function filledTablesInside(
  database: Database,
  leftOut: Parameters<typeof filledTables>[1],
  look: RowsLook,
): Promise<FilledTable[]> {
  return await lookingInside(database, () =>
    askFor((sql, parameters) => database.query(sql, parameters), leftOut, look, READ_IN_ALL[database.engine]),
  );
}

async function askFor(
  query: Query,
  leftOut: Parameters<typeof filledTables>[1],
  look?: RowsLook,
  limit = 0,
): Promise<FilledTable[]> {
  const tables = await query<Table>(tablesSql(look?.constant ?? "false"), [leftOut.schema, leftOut.table]);
  const before = new Map(look?.before?.map((table) => [table.oid, table]));
  const read = look === undefined ? undefined : toRead(tables, limit, look.before === undefined ? undefined : before);
  const filled: FilledTable[] = [];
  for (let at = 0; at < tables.length; at += AT_ONCE) {
    const some = tables.slice(at, at + AT_ONCE);
    const asked = some
      .filter(({ readable }) => readable)
      .map((table) => ({ table, ...questionOf(table, read, before.get(table.oid)) }));
    const [answer] =
      asked.length === 0
        ? []
        : await query<{ found: (number | string | null)[] }>(
            `select to_json(array[${asked.map(({ sql }) => sql).join(", ")}]::json[]) as found`,
          );
    for (const table of some) {
      const { oid, schema, name, columns, storage, deleted, inserted } = table;
      const place = asked.findIndex((one) => one.table === table);
      const found = answer?.found[place] ?? undefined;
      if (place >= 0 && (found === undefined || found === 0)) continue;
      const hashes = typeof found === "string" ? hashesIn(found) : undefined;
      const counted = typeof found === "number" ? found : hashes?.length;
      const rows = asked[place]?.isWhole === true ? counted : undefined;
      filled.push({ oid, name: reportedName(schema, name), rows, hashes, columns, storage, deleted, inserted });
    }
  }
  return filled;
}

/** Tables of which each row is read: the smallest ones first, and later those of them from which rows may be gone. Pure. */
function toRead(
  tables: readonly Table[],
  limit: number,
  before: ReadonlyMap<number, FilledTable> | undefined,
): ReadonlySet<Table> {
  if (before !== undefined)
    return new Set(
      tables.filter(({ oid, storage, deleted }) => {
        const was = before.get(oid);
        return was?.hashes !== undefined && (was.storage !== storage || deleted > 0);
      }),
    );
  let left = limit;
  return new Set(tables.toSorted((a, b) => a.size - b.size).filter(({ size }) => size <= READ && (left -= size) >= 0));
}

/** What is asked of a table's rows, and whether that is of all of them. Pure. */
function questionOf(
  asked: Table,
  read: ReadonlySet<Table> | undefined,
  before: FilledTable | undefined,
): { sql: string; isWhole: boolean } {
  const { size, columns } = asked;
  const table = `only ${quoteQualified(asked.schema, asked.name)}`;
  const first = { sql: `to_json((select count(*) from (select from ${table} limit 1) first))`, isWhole: false };
  if (read === undefined) return first;
  // A column that was there and is gone leaves nothing to compare.
  const values = (before?.columns ?? columns)
    .filter(({ written }) => written)
    .map((column) => columns.find(({ at }) => at === column.at)?.sql);
  if (read.has(asked) && !values.includes(undefined)) {
    const row = `(array[${values.join(", ")}]::text[]::text) collate "C"`;
    const each = `string_agg(int8send(hashtextextended(${row}, 0)), ''::bytea)`;
    return { sql: `to_json((select encode(${each}, 'hex') from ${table}))`, isWhole: true };
  }
  const isCounted = size <= COUNTED || before?.rows !== undefined;
  return isCounted ? { sql: `to_json((select count(*) from ${table}))`, isWhole: true } : first;
}

/** From eight bytes each, as hexadecimal digits. Pure. */
function hashesIn(digits: string): BigUint64Array {
  const { buffer } = Uint8Array.fromHex(digits);
  return new BigUint64Array(buffer).toSorted();
}

/** How many rows of a table are not there any more, where each was read. Pure. */
export function rowsGone(before: BigUint64Array, after: BigUint64Array): number {
  let gone = 0;
  let at = 0;
  for (const hash of before) {
    while (at < after.length && after[at]! < hash) at++;
    if (after[at] === hash) at++;
    else gone++;
  }
  return gone;
}

interface Table extends Pick<FilledTable, "oid" | "name" | "columns" | "storage" | "deleted" | "inserted"> {
  readonly schema: string;
  /** In bytes. */
  readonly size: number;
  readonly readable: boolean;
}

const tablesSql = (constant: string): string => `
  select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as name,
         pg_relation_size(c.oid)::float8 as size, c.relfilenode::int8::float8 as storage,
         pg_stat_get_xact_tuples_deleted(c.oid)::float8 as deleted,
         pg_stat_get_xact_tuples_inserted(c.oid)::float8 as inserted,
         (select coalesce(json_agg(json_build_object('at', a.attnum, 'name', a.attname,
                   'sql', format(case a.atttypid when 'numeric'::regtype then 'trim_scale(%I)::text' else '%I::text' end, a.attname),
                   'computed', a.attgenerated <> '',
                   'written', a.attgenerated = '' and a.attidentity = '' and (d.oid is null or ${constant})) order by a.attnum), '[]')
            from pg_attribute a
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
         has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
           and not row_security_active(c.oid) as readable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and pg_relation_size(c.oid) > 0
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and not (n.nspname = $1 and c.relname = $2)
     and not exists (
           select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   order by n.nspname, c.relname`;
