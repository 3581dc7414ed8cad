import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { CONSTANT, COUNTED } from "./defaults.ts";
import type { RowTable } from "./row-table.ts";

/**
 * Materialized views that are populated, as tables with rows. Their columns have no defaults: whether a value is the same in every
 * database is told from the columns that they are made of. One that is taken over as it is goes by that column; any other by all
 * columns that the view reads, and by the functions that it calls.
 */
export async function readMaterializedViews(database: Database): Promise<RowTable[]> {
  const [found] = await queryCatalogue<{ some: boolean }>(
    database,
    `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ARE_POPULATED}) as some`,
  );
  return found?.some === true ? await queryCatalogue<RowTable>(database, VIEWS) : [];
}

/**
 * Under which `Rows` say that a materialized view is populated, which one that has no rows may be as well.
 * @param name qualified and quoted
 */
export function dataKey(name: string): string {
  return `${DATA}${name}`;
}

/** The materialized view of such a key; undefined for the key of rows. Pure. */
export function viewOfDataKey(key: string): string | undefined {
  return key.startsWith(DATA) ? key.slice(DATA.length) : undefined;
}

const DATA = "data of ";

/** The materialized views that are populated, of `Rows`. Pure. */
export function viewsIn(rows: ReadonlyMap<string, unknown>): Set<string> {
  return new Set([...rows.keys()].flatMap((key) => viewOfDataKey(key) ?? []));
}

/**
 * Which of the materialized views hold what a REFRESH would give them now: where all that they read is there, so is all that they hold.
 * Those whose query fails, or cannot be run by this role, are none.
 * @param only by `Rows`' keys; all when undefined
 */
export async function readUpToDate(database: Database, only?: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const { schema, table, columns } of await readMaterializedViews(database)) {
    const name = quoteQualified(schema, table);
    if (only?.has(name) === false) continue;
    const row = `row(${columns.map((column) => `${quoteIdentifier(column.name)}::text`).join(", ")})::text`;
    try {
      const [view] = await queryCatalogue<{ query: string; names: string }>(
        database,
        `select rtrim(pg_get_viewdef(c.oid), ';') as query,
                (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as names
           from pg_class c where c.oid = ($1::text)::regclass`,
        [name],
      );
      if (view === undefined) continue;
      const now = `(${view.query}) as now (${view.names})`;
      const [compared] = await queryCatalogue<{ same: boolean }>(
        database,
        `select not exists (
           (select ${row} from ${name} except all select ${row} from ${now})
           union all (select ${row} from ${now} except all select ${row} from ${name})) as same`,
      );
      if (compared?.same === true) found.add(name);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
      await database.execute("rollback");
    }
  }
  return found;
}

const ARE_POPULATED = `c.relkind = 'm' and c.relispopulated
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'`;

/** Of columns, of pg_attribute b and pg_attrdef d: whether they get another value in every database, and whether a sequence counts them. */
const IS_CHANCE = `coalesce(bool_or(b.attidentity <> '' or (d.oid is not null and b.attgenerated = '' and not ${CONSTANT})), false)`;
const IS_COUNTED = `coalesce(bool_or(b.attidentity <> '' or coalesce(${COUNTED}, false)), false)`;

function columnsOf(columns: string): string {
  return `${columns} s
              join pg_attribute b on b.attrelid = s.relation and b.attnum = s.number
              left join pg_attrdef d on d.adrelid = b.attrelid and d.adnum = b.attnum`;
}

const FUNCTIONS = ":(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)";
const TAKEN =
  ":resno ([0-9]+) :resname (?:[^ \\\\]|\\\\.)+ :ressortgroupref [0-9]+ :resorigtbl ([1-9][0-9]*) :resorigcol ([0-9]+)";

const VIEWS = `
  select n.nspname::text as schema, c.relname::text as table, c.oid::int8::float8 as made, null as local, true as "isView", of.columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      with recursive
        -- What it reads, through other views as well.
        read (relation, number) as (
          select c.oid, 0
          union
          select l.refobjid, l.refobjsubid
            from read r
            join pg_rewrite w on w.ev_class = r.relation
            join pg_depend l on l.classid = 'pg_rewrite'::regclass and l.objid = w.oid and l.refclassid = 'pg_class'::regclass),
        query as materialized (
          select ev_class as view, ev_action::text as tree from pg_rewrite where ev_class in (select relation from read)),
        -- Columns that are taken over as they are, as far as no query is within another.
        taken as materialized (
          select view, found[1]::int as number, found[2]::oid as origin, found[3]::int as of
            from query cross join regexp_matches(tree, '${TAKEN}', 'g') found
           where tree !~ '\\{QUERY .*\\{QUERY '),
        source (own, relation, number) as (
          select a.attnum, c.oid, a.attnum::int from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
          union
          select s.own, t.origin, t.of from source s join taken t on t.view = s.relation and t.number = s.number),
        known as (
          select own, ${IS_CHANCE} as chance, ${IS_COUNTED} as counted from ${columnsOf("source")}
           group by own having count(*) > 1),
        every as (select ${IS_CHANCE} as chance from ${columnsOf("read")}),
        code as (
          select exists (select from query where tree ~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR) ')
                 or exists (select from query cross join regexp_matches(tree, '${FUNCTIONS}', 'g') called (id)
                              join pg_proc p on p.oid = called.id[1]::oid
                             where p.provolatile <> 'i') as runs)
      select coalesce(json_agg(json_build_object('name', a.attname,
                      'same', not code.runs and not coalesce(known.chance, every.chance),
                      'counted', coalesce(known.counted, false), 'referring', '[]'::json, 'type', format_type(a.atttypid, a.atttypmod), 'now', null,
                      'at', a.attnum, 'always', false, 'bare', false,
                      'moment', a.atttypid = any ('{timestamp,timestamptz}'::regtype[])) order by a.attname), '[]') as columns
        from pg_attribute a
        left join known on known.own = a.attnum
        cross join every cross join code
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) of
   where ${ARE_POPULATED}
   order by 1, 2`;
