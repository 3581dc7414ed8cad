import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { cascadingFrom, inOrderOfTaking, kindOf, mayCascade, type TakenObject } from "#sql/effects/cascading.ts";
import { loadParser } from "#sql/parser.ts";
import type { Statement } from "#sql/statement.ts";

/** What a database has that goes with what these statements drop by name, since they say CASCADE. What is made until then is not known. */
export async function takenAlong(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, readonly TakenObject[]>> {
  const cascading = statements.filter(mayCascade);
  if (database === undefined || cascading.length === 0) return new Map();
  const parser = await loadParser();
  const asked = cascading.flatMap((statement, at) => cascadingFrom(statement, parser).map((name) => ({ at, ...name })));
  if (asked.length === 0) return new Map();
  const rows = await database.query<Row>(TAKEN, [JSON.stringify(asked)]);
  return new Map(
    [...Map.groupBy(rows, ({ at }) => at)].map(([at, objects]) => [
      cascading[at]!,
      inOrderOfTaking(objects.map(({ type, constraint, name }) => ({ kind: kindOf(type, constraint), name }))),
    ]),
  );
}

interface Row {
  readonly at: number;
  readonly type: string;
  readonly constraint: string | null;
  readonly name: string;
}

const classOf = (catalogue: string): string => `'pg_catalog.${catalogue}'::pg_catalog.regclass::pg_catalog.oid`;

const isMeant = (schema: string, isVisible: string): string =>
  `case when a.schema is null then pg_catalog.${isVisible} else a.schema = ${schema} end`;

/**
 * As PostgreSQL goes from object to object (manual, "Dependency Tracking", and dependency.c): what is a part of something else that goes,
 * such as the rule of a view or the column of a table, is not told by itself, and goes together with that.
 */
const TAKEN = withOwnOperators(`
  with recursive asked as materialized (
    select * from pg_catalog.json_to_recordset($1::pg_catalog.text::pg_catalog.json)
      as a (at pg_catalog.int4, family pg_catalog.text, schema pg_catalog.name, "table" pg_catalog.name, name pg_catalog.name, types pg_catalog.json)),
  named (at, classid, objid, objsubid) as materialized (
    select a.at, ${classOf("pg_class")}, c.oid, 0 from asked a
      join pg_catalog.pg_class c on c.relname = a.name and c.relkind = any (array['r', 'p', 'v', 'm', 'f', 'S']::"char"[])
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where a.family = 'relation' and ${isMeant("n.nspname", "pg_table_is_visible(c.oid)")}
    union all
    select a.at, ${classOf("pg_class")}, c.oid, t.attnum from asked a
      join pg_catalog.pg_class c on c.relname = a."table"
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attname = a.name
     where a.family = 'column' and ${isMeant("n.nspname", "pg_table_is_visible(c.oid)")}
    union all
    select a.at, ${classOf("pg_proc")}, p.oid, 0 from asked a
      join pg_catalog.pg_proc p on p.proname = a.name
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where a.family = 'routine' and ${isMeant("n.nspname", "pg_function_is_visible(p.oid)")}
       and (a.types is null or a.types::pg_catalog.text::pg_catalog.jsonb = (
         select coalesce(pg_catalog.jsonb_agg(t.typname order by u.n), '[]'::pg_catalog.jsonb)
           from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) with ordinality u (type, n) join pg_catalog.pg_type t on t.oid = u.type))
    union all
    select a.at, ${classOf("pg_type")}, t.oid, 0 from asked a
      join pg_catalog.pg_type t on t.typname = a.name
      join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where a.family = 'type' and ${isMeant("n.nspname", "pg_type_is_visible(t.oid)")}
    union all
    select a.at, ${classOf("pg_constraint")}, k.oid, 0 from asked a
      join pg_catalog.pg_class c on c.relname = a."table"
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.conname = a.name
     where a.family = 'constraint' and ${isMeant("n.nspname", "pg_table_is_visible(c.oid)")}
    union all
    select a.at, ${classOf("pg_extension")}, e.oid, 0 from asked a
      join pg_catalog.pg_extension e on e.extname = a.name where a.family = 'extension'
    union all
    select a.at, ${classOf("pg_namespace")}, n.oid, 0 from asked a
      join pg_catalog.pg_namespace n on n.nspname = a.name where a.family = 'schema'),
  taken (at, classid, objid, objsubid, isPart) as (
    select n.*, true from named n
    union
    select t.at, d.classid, d.objid, d.objsubid, d.part
      from taken t cross join lateral (
        select d.classid, d.objid, d.objsubid, d.deptype <> 'n' as part from pg_catalog.pg_depend d
         where d.refclassid = t.classid and d.refobjid = t.objid and (t.objsubid = 0 or d.refobjsubid = t.objsubid)
        union all
        select d.refclassid, d.refobjid, d.refobjsubid, false from pg_catalog.pg_depend d
         where d.classid = t.classid and d.objid = t.objid and d.objsubid = t.objsubid and d.deptype = 'i') d),
  told as (
    select at, classid, objid, objsubid from taken t group by at, classid, objid, objsubid having not pg_catalog.bool_or(isPart)
       and (objsubid = 0 or not exists (
         select from taken w where w.at = t.at and w.classid = t.classid and w.objid = t.objid and w.objsubid = 0)))
  select distinct t.at, i.type, i.identity as name, k.contype as "constraint"
    from told t cross join lateral pg_catalog.pg_identify_object(t.classid, t.objid, t.objsubid) i
    left join pg_catalog.pg_constraint k on t.classid = ${classOf("pg_constraint")} and k.oid = t.objid`);
