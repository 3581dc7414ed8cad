import type { Database } from "#database/database.ts";
import { COLUMNS, kindOf } from "#sql/effects/cascading.ts";
import { quoteLiteral } from "#sql/quote.ts";
import type { Relation } from "./facts.ts";

/** Something other than a relation that is gone, as PostgreSQL itself calls it (pg_identify_object). */
export interface GoneObject {
  /** In the words of SQL: "FOREIGN KEY", "COLUMN", "DEFAULT". */
  readonly kind: string;
  /** "posts_user_id_fkey on public.posts" */
  readonly name: string;
  /** The name alone, as the catalogue has it; null where it has none. */
  readonly bare: string | null;
  /** Made by a migration that is traced. */
  readonly isNew: boolean;
}

/** Without CASCADE, a column only takes constraints of its table along that are over others as well. */
type Scope = "all" | "constraints";

interface Row {
  /** Catalogue, number and column. */
  readonly key: string;
  readonly oid: number;
  readonly type: string;
  readonly identity: string;
  readonly constraint: string | null;
  readonly bare: string | null;
  /** The relation that it is a part of. */
  readonly owner: number | null;
  /** Columns of that relation, without which there is no such part. */
  readonly columns: readonly number[] | null;
}

/**
 * What depends on something else, by pg_depend: whatever CASCADE can take along. Views and tables are left out (`Measured.drops` has
 * them), and so are parts that go with nothing but the object that they are of: indexes, row types, rules of views.
 */
export class Dependents {
  readonly #database: Database;
  readonly #rows: readonly Row[];
  readonly scope: Scope;
  /** As it was given. */
  readonly table: string | undefined;
  /** Objects with higher numbers are new. */
  readonly #newest: number;

  private constructor(
    database: Database,
    looked: { readonly scope: Scope; readonly table: string | undefined; readonly rows: readonly Row[] },
    newest: number,
  ) {
    this.#database = database;
    this.scope = looked.scope;
    this.table = looked.table;
    this.#rows = looked.rows;
    this.#newest = newest;
  }

  /** @param table whose constraints, and those of tables below it, are all that is looked at */
  static async look(database: Database, scope: Scope, table: string | undefined, newest: number): Promise<Dependents> {
    const rows = await readRows(database, scope, isOf(table));
    return new Dependents(database, { scope, table, rows }, newest);
  }

  /** The highest number that an object has: PostgreSQL counts up. */
  static async newest(database: Database): Promise<number> {
    const [row] = await database.query<{ newest: number }>(
      "select coalesce(pg_catalog.max(objid::pg_catalog.int8), 0)::pg_catalog.float8 as newest from pg_catalog.pg_depend",
    );
    return row?.newest ?? 0;
  }

  /** Those that are there no more, but parts of something that is gone as a whole: of a table, or of all columns that they are over. */
  async gone(): Promise<GoneObject[]> {
    const keys = await this.#database.query<{ key: string }>(
      `select distinct ${KEY} as key from pg_catalog.pg_depend d where ${isIn(this.scope)}`,
    );
    const there = new Set(keys.map(({ key }) => key));
    const missing = this.#rows.filter(({ key }) => !there.has(key));
    if (missing.length === 0) return [];
    // A change of a type makes constraints anew, with higher numbers.
    const last = this.#rows.reduce((max, { oid }) => Math.max(max, oid), 0);
    const since = await readRows(this.#database, this.scope, `d.objid::pg_catalog.int8 > ${last}`);
    const made = new Set(since.map(({ type, identity }) => `${type} ${identity}`));
    const gone = missing.filter(({ type, identity }) => !made.has(`${type} ${identity}`));
    const columns = await this.#columnsOf(gone.flatMap(({ owner }) => owner ?? []));
    return gone
      .filter(({ owner, columns: own, type }) => {
        if (owner === null) return true;
        const left = columns.get(owner);
        if (left === undefined) return false;
        // A column may have got another type instead.
        if (COLUMNS.has(type)) return own?.some((column) => left.has(column)) === false;
        return own === null || own.length === 0 || own.some((column) => left.has(column));
      })
      .map(({ type, identity, constraint, bare, oid }) => ({
        kind: kindOf(type, constraint),
        name: identity,
        bare,
        isNew: oid > this.#newest,
      }));
  }

  /** By the relations that are still there. */
  async #columnsOf(relations: readonly number[]): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
    if (relations.length === 0) return new Map();
    const rows = await this.#database.query<{ oid: number; columns: readonly number[] }>(
      `select c.oid::pg_catalog.int8::pg_catalog.float8 as oid,
              coalesce((select pg_catalog.json_agg(a.attnum) from pg_catalog.pg_attribute a
                         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns
         from pg_catalog.pg_class c where c.oid = any (array[${[...new Set(relations)].join(", ")}]::pg_catalog.oid[])`,
    );
    return new Map(rows.map(({ oid, columns }) => [oid, new Set(columns)]));
  }
}

async function readRows(database: Database, scope: Scope, which: string): Promise<readonly Row[]> {
  const [row] = await database.query<{ objects: readonly Row[] }>(`${dependents(scope)} and ${which}`);
  return row?.objects ?? [];
}

/** Whether a constraint is of a table, or one below it; of any where there is no table of that name. */
function isOf(table: string | undefined): string {
  if (table === undefined) return "true";
  const oid = `pg_catalog.to_regclass(${quoteLiteral(table)})`;
  return `(${oid} is null or k.conrelid in (
    with recursive below (oid) as (
      select ${oid}::pg_catalog.oid
      union select i.inhrelid from below join pg_catalog.pg_inherits i on i.inhparent = below.oid)
    select oid from below))`;
}

const KEY =
  "d.classid::pg_catalog.int8::pg_catalog.text || '/' || d.objid::pg_catalog.int8::pg_catalog.text || '/' || d.objsubid::pg_catalog.text";

const classOf = (catalogue: string): string => `'pg_catalog.${catalogue}'::pg_catalog.regclass`;

/** What initdb made has lower numbers. */
function isIn(scope: Scope): string {
  return scope === "all" ? "d.objid >= 16384" : `d.objid >= 16384 and d.classid = ${classOf("pg_constraint")}`;
}

const dependents = (scope: Scope): string => `
  select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'key', ${KEY}, 'oid', d.objid::pg_catalog.int8, 'type', i.type, 'identity', i.identity, 'constraint', k.contype,
      'bare', coalesce(k.conname, a.attname, v.attname, f.proname, t.typname),
      'owner', coalesce(nullif(k.conrelid, 0), e.adrelid, g.tgrelid, o.polrelid, r.ev_class, s.stxrelid, case when d.objsubid > 0 then d.objid end)::pg_catalog.int8,
      'columns', case when k.oid is not null then pg_catalog.to_json(k.conkey)
                      when s.oid is not null then pg_catalog.to_json(s.stxkeys::pg_catalog.int2[])
                      when e.oid is not null then pg_catalog.json_build_array(e.adnum)
                      when d.objsubid > 0 then pg_catalog.json_build_array(d.objsubid) end)), '[]') as objects
    from (select d.classid, d.objid, d.objsubid from pg_catalog.pg_depend d
           where ${isIn(scope)} and not (d.classid = ${classOf("pg_class")} and d.objsubid = 0)
           group by d.classid, d.objid, d.objsubid
          -- An expression is an internal part of its generated column, which is gone with a function in it.
          having (pg_catalog.bool_and(d.deptype in ('n', 'a', 'x')) or d.classid = ${classOf("pg_attrdef")})
             and (pg_catalog.bool_or(d.deptype = 'n') or d.classid = ${classOf("pg_constraint")})) d
    left join pg_catalog.pg_constraint k on d.classid = ${classOf("pg_constraint")} and k.oid = d.objid
    left join pg_catalog.pg_attribute a on d.classid = ${classOf("pg_class")} and a.attrelid = d.objid and a.attnum = d.objsubid
    left join pg_catalog.pg_proc f on d.classid = ${classOf("pg_proc")} and f.oid = d.objid
    left join pg_catalog.pg_type t on d.classid = ${classOf("pg_type")} and t.oid = d.objid
    left join pg_catalog.pg_attrdef e on d.classid = ${classOf("pg_attrdef")} and e.oid = d.objid
    left join pg_catalog.pg_attribute v on v.attrelid = e.adrelid and v.attnum = e.adnum and v.attgenerated <> ''
    left join pg_catalog.pg_trigger g on d.classid = ${classOf("pg_trigger")} and g.oid = d.objid
    left join pg_catalog.pg_policy o on d.classid = ${classOf("pg_policy")} and o.oid = d.objid
    left join pg_catalog.pg_rewrite r on d.classid = ${classOf("pg_rewrite")} and r.oid = d.objid
    left join pg_catalog.pg_statistic_ext s on d.classid = ${classOf("pg_statistic_ext")} and s.oid = d.objid
    cross join lateral pg_catalog.pg_identify_object(
      case when v.attrelid is null then d.classid else 'pg_catalog.pg_class'::pg_catalog.regclass end,
      coalesce(v.attrelid, d.objid), coalesce(v.attnum, d.objsubid)) i
   -- Those of a domain go with it.
   where coalesce(k.contypid, 0) = 0 and i.identity is not null and i.identity operator(pg_catalog.!~) '\\mpg_(temp|toast)'`;

/** A relation by the same words. */
export function relationObject({ kind, name, isNew }: Relation): GoneObject {
  return { kind: kind.toUpperCase(), name, bare: null, isNew };
}
