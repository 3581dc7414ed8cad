import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";

/** A materialized view that a copy has without rows, though the source has it filled. */
export interface EmptyView {
  /** Qualified, for people. */
  readonly view: string;
  /** "it reads the foreign table public.far" */
  readonly why: string;
}

interface View {
  readonly schema: string;
  readonly name: string;
  /** A foreign table that it reads, by itself or through views, partitions and functions. */
  readonly foreign: string | null;
  /** A function that it calls, of which nobody can tell what it reads. */
  readonly opaque: string | null;
  /** Names of materialized views that it reads, qualified. */
  readonly needs: readonly string[];
}

const relationName = (oid: string): string =>
  `(select pg_catalog.concat(n.nspname, '.', c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = ${oid})`;

/**
 * Everything that a materialized view leads to, by pg_depend. Functions whose bodies are texts may read anything, and so may those of
 * dblink and those that take a query as a text, which pg_depend does not name.
 */
const READ = `
  with recursive reads (view, class, object) as (
    select c.oid, 'pg_class'::regclass::oid, c.oid from pg_class c where c.relkind = 'm'
    union
    select r.view, next.class, next.object from reads r cross join lateral (
        select d.refclassid, d.refobjid from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
          where r.class = 'pg_class'::regclass and w.ev_class = r.object
        union select 'pg_class'::regclass, h.inhrelid from pg_inherits h where r.class = 'pg_class'::regclass and h.inhparent = r.object
        union select d.refclassid, d.refobjid from pg_depend d
          where r.class <> 'pg_class'::regclass and d.classid = r.class and d.objid = r.object and d.deptype = 'n'
      ) next (class, object)
  ), relations as (
    select r.view, c.oid, c.relkind from reads r join pg_class c on r.class = 'pg_class'::regclass and c.oid = r.object
  ), elsewhere (any_way) as (
    select exists (select from pg_class where relkind = 'f') or exists (select from pg_extension where extname = 'dblink')
  )
  select n.nspname::text as schema, c.relname::text as name,
    (select ${relationName("f.oid")} from relations f where f.view = c.oid and f.relkind = 'f' order by f.oid limit 1) as foreign,
    coalesce((select p.oid::regprocedure::text from reads r join pg_proc p on r.class = 'pg_proc'::regclass and p.oid = r.object
        join pg_language l on l.oid = p.prolang
        left join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        left join pg_extension x on x.oid = d.refobjid
       where r.view = c.oid and elsewhere.any_way and p.oid >= 16384 and l.lanname <> 'internal'
         and (x.extname = 'dblink' or x.extname is null and to_jsonb(p) ->> 'prosqlbody' is null)
       order by p.oid limit 1),
      (select substring(pg_get_viewdef(v.oid) from '\\m(?:query|table|cursor|schema|database)_to_xml\\w*') || '()' from relations v
        where v.view = c.oid and elsewhere.any_way and v.relkind in ('v', 'm')
          and pg_get_viewdef(v.oid) ~ '\\m(?:query|table|cursor|schema|database)_to_xml' limit 1)) as opaque,
    array(select distinct ${relationName("m.oid")} from relations m where m.view = c.oid and m.relkind = 'm' and m.oid <> c.oid) as needs
  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join elsewhere
 where c.relkind = 'm' and n.nspname !~ '^pg_' order by 1, 2`;

/**
 * Fills the materialized views of a copy, each after those that it reads. What would bring rows from another server, which no rule
 * has seen, stays empty, and so does what cannot be computed of replaced values.
 * @param unfilled those that the source has without rows, as `schema.name`
 * @throws ConfitureError `interrupted`, `connection_lost`
 */
export async function fillMaterializedViews(
  database: Database,
  unfilled: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<EmptyView[]> {
  const views = await queryCatalogue<View>(database, READ);
  const empty = new Map<string, EmptyView>();
  const done = new Set<string>();
  const fill = async (view: View): Promise<void> => {
    const key = keyOf(view);
    if (done.has(key)) return;
    done.add(key);
    for (const need of views.filter((one) => view.needs.includes(keyOf(one)))) await fill(need);
    if (unfilled.has(key)) return;
    const why =
      reasonOf(view, (need) => empty.has(need) || unfilled.has(need)) ?? (await refresh(database, view, signal));
    if (why !== undefined) empty.set(key, { view: reportedName(view.schema, view.name), why });
  };
  for (const view of views) await fill(view);
  return [...empty.values()];
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

/** Why a view is not filled, as far as that is known before. */
function reasonOf({ foreign, opaque, needs }: View, isEmpty: (view: string) => boolean): string | undefined {
  if (foreign !== null) return `it reads the foreign table ${foreign}`;
  if (opaque !== null) return `it calls ${opaque}, which may read foreign tables`;
  const need = needs.find(isEmpty);
  return need === undefined ? undefined : `it reads ${need}, which has no rows`;
}

/** @returns why it stays empty, without PostgreSQL's words, which may quote values */
async function refresh(database: Database, view: View, signal: AbortSignal | undefined): Promise<string | undefined> {
  if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted");
  try {
    await database.execute(`refresh materialized view ${quoteQualified(view.schema, view.name)}`);
    return undefined;
  } catch (error) {
    const sqlstate =
      error instanceof ConfitureError && error.code === "sql_failed" ? error.server?.sqlstate : undefined;
    // What has to do with the values, or with what its functions do: not the server's state or its end.
    if (sqlstate === undefined || /^(?:08|53|57|58|XX)/.test(sqlstate)) throw error;
    return `its query fails on what the copy holds (SQLSTATE ${sqlstate})`;
  }
}
