import { TAKING_WORDS } from "#sql/effects/taking-code.ts";

export interface RelationRow {
  readonly oid: number;
  readonly name: string;
  readonly relkind: string;
  readonly table: string | null;
  readonly file: number | null;
  readonly dropped: number;
  readonly ancestors: readonly string[] | null;
}

export interface Before {
  readonly counts: readonly (readonly [
    oid: number,
    scans: number,
    updated: number,
    deleted: number,
    inserted: number,
  ])[];
  /** "16384 ShareLock" */
  readonly locks: readonly string[];
  readonly calls: readonly (readonly [oid: number, calls: number])[];
  readonly numbers: number;
}

export interface After {
  /** Transactions, and parts of them, that have a number: PostgreSQL gives them one when they write. */
  readonly numbers: number;
  readonly relations: readonly AfterRelation[];
  readonly functions: readonly {
    readonly oid: number;
    readonly calls: number;
    readonly name: string;
    /** Without its schema. */
    readonly bare: string;
    readonly hasBranches: boolean;
    readonly takes: boolean;
    readonly isTrigger: boolean;
    readonly isCounted: boolean;
  }[];
}

export interface AfterRelation extends Omit<RelationRow, "name"> {
  /** Null when it was dropped. */
  readonly name: string | null;
  readonly own: boolean;
  readonly modes: readonly string[];
  readonly scans: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** Set again by whoever sets a session back to how it began. */
export const COUNT_CALLS = "set track_functions = 'all'";

export const NAME_OF = (n: string, c: string): string =>
  `pg_catalog.quote_ident(${n}.nspname) || '.' || pg_catalog.quote_ident(${c}.relname)`;

const COLUMNS = `c.oid::pg_catalog.int8::pg_catalog.float8 as oid, ${NAME_OF("n", "c")} as name, c.relkind::text,
         (select ${NAME_OF("tn", "t")} from pg_catalog.pg_index i
            join pg_catalog.pg_class t on t.oid = i.indrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
           where i.indexrelid = c.oid) as "table",
         pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8::pg_catalog.float8 as file,
         (select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_attribute a
           where a.attrelid = c.oid and a.attisdropped and c.relkind in ('r', 'p')) as dropped,
         case when c.relkind in ('r', 'p', 'f') then
           (select pg_catalog.json_agg(${NAME_OF("pn", "p")})
              from (select a.relid from pg_catalog.pg_partition_ancestors(c.oid) a
                     where c.relispartition and a.relid <> c.oid
                    union select h.inhparent from pg_catalog.pg_inherits h where h.inhrelid = c.oid) above
              join pg_catalog.pg_class p on p.oid = above.relid join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace) end as ancestors`;

/** Neither PostgreSQL's own nor temporary. */
export const IS_OWN = `c.relkind in ('r', 'p', 'i', 'I', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

export const RELATION = `
  select ${COLUMNS}
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

/** In SQL or a procedural language, and not what PostgreSQL itself brings. */
const FUNCTIONS = `from pg_catalog.pg_proc p
           join pg_catalog.pg_language l on l.oid = p.prolang and (l.lanispl or l.lanname = 'sql')
           join pg_catalog.pg_namespace n on n.oid = p.pronamespace
          where p.oid >= 16384`;

const BODY = "coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)";

/** What the code that is there may do, whoever runs it. */
export const CODE = String.raw`
  select coalesce(pg_catalog.bool_or(${BODY} operator(pg_catalog.~*) '\m(drop|execute)\M'), false) as drops,
         coalesce(pg_catalog.bool_or(${BODY} operator(pg_catalog.~*) '\m(setval|restart|execute)\M'), false) as "setsBack",
         coalesce(pg_catalog.bool_or(${BODY} operator(pg_catalog.~*) '\m(deallocate|discard)\M'), false) as forgets
    ${FUNCTIONS}`;

/** SQL has no branches. */
const HAS_BRANCHES = String.raw`l.lanispl and p.prosrc operator(pg_catalog.~*) '\m(if|case|loop|for|while|foreach|exception|execute)\M'`;

const TAKES = String.raw`${BODY} operator(pg_catalog.~*) '\m${TAKING_WORDS}\M'`;

const IS_TRIGGER =
  "p.prorettype in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)";

/** In tables of a few rows, no index would be used. */
export const BY_INDEX = "pg_catalog.set_config('enable_seqscan', 'off', true)";
export const AS_ALWAYS = "pg_catalog.set_config('enable_seqscan', 'on', true)";

const CALLS = "coalesce(pg_catalog.pg_stat_get_xact_function_calls(p.oid), 0)";

/** For this role, see COUNT_CALLS. */
const IS_UNCOUNTED = "(pg_catalog.current_setting('track_functions') = 'none')";

const changesOf = (oid: string): readonly string[] =>
  ["updated", "deleted", "inserted"].map((what) => `pg_catalog.pg_stat_get_xact_tuples_${what}(${oid})`);

const NUMBERS = `(select pg_catalog.count(*)::pg_catalog.int4 from pg_catalog.pg_locks
          where pid = pg_catalog.pg_backend_pid() and locktype = 'transactionid' and granted) as numbers`;

/** Counts may go on from transaction to transaction. */
export const BEFORE = `
  select coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(oid::pg_catalog.int8, pg_catalog.pg_stat_get_xact_numscans(oid), ${changesOf("oid").join(", ")}))
           from pg_catalog.pg_class
          where relkind in ('r', 'p', 'm', 'i') and oid >= 16384
            and (pg_catalog.pg_stat_get_xact_numscans(oid) > 0 or ${changesOf("oid").join(" + ")} > 0)), '[]') as counts,
         coalesce((select pg_catalog.json_agg(relation::pg_catalog.int8 || ' ' || mode) from pg_catalog.pg_locks
          where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted), '[]') as locks,
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_array(p.oid::pg_catalog.int8, ${CALLS}))
           ${FUNCTIONS} and ${CALLS} > 0), '[]') as calls,
         ${NUMBERS}`;

const AFTER_RELATIONS = `
  select l.oid::pg_catalog.int8 as oid, c.name, c.relkind, c."table", c.file, c.dropped, c.ancestors, c.own, l.modes,
         coalesce(pg_catalog.pg_stat_get_xact_numscans(l.oid), 0) as scans,
         ${changesOf("l.oid")
           .map((count, at) => `coalesce(${count}, 0) as ${["updated", "deleted", "inserted"][at]}`)
           .join(", ")}
    from (select relation as oid, pg_catalog.json_agg(mode) as modes from pg_catalog.pg_locks
           where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted and relation >= 16384
           group by relation) l
    left join lateral (select ${COLUMNS}, ${IS_OWN} as own
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where c.oid = l.oid) c on true
   order by l.oid`;

export const AFTER = `
  select coalesce((select pg_catalog.json_agg(r) from (${AFTER_RELATIONS}) r), '[]') as relations,
         coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('oid', p.oid::pg_catalog.int8, 'calls', ${CALLS},
             'name', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname), 'bare', p.proname,
             'isCounted', not ${IS_UNCOUNTED}, 'hasBranches', ${HAS_BRANCHES}, 'takes', ${TAKES}, 'isTrigger', ${IS_TRIGGER}))
           ${FUNCTIONS} and (${CALLS} > 0 or ${IS_UNCOUNTED})), '[]') as functions,
         ${NUMBERS}`;
