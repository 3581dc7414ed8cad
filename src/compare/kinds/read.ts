import common from "./common.sql" with { type: "text" };
import type { Extra, Kind } from "./kind.ts";
import { KINDS } from "./registry.ts";

const OBJECT_COLUMNS = "kind, path, relation, classid, oid, owner, payload";

function selectOf(name: string, { query: { object, path, relation, payload, from } }: Kind): string {
  return `select '${name}'::text, ${path}::text[], ${relation ?? "null"}::oid, ${object === undefined ? "null" : `'${object.catalogue}'::regclass`}::oid,
       ${object?.oid ?? "null"}::oid, ${object?.owner ?? "null"}::oid, jsonb_build_object(${payload})
  ${from}`;
}

const QUERY = `
with
${common.trim()},
object(${OBJECT_COLUMNS}) as (
${Object.entries(KINDS)
  .map(([name, one]) => selectOf(name, one))
  .join("\nunion all\n")}
)
select o.kind, o.path, r.nspname::text as schema, r.relname::text as table, o.payload, pg_get_userbyid(o.owner)::text as owner,
       obj_description(o.oid, (select relname from pg_class where oid = o.classid)) as comment
  from object o left join relation r on r.oid = o.relation
 where o.oid is null or (
   not exists (select from member m where m.classid = o.classid and m.objid = o.oid)
   and not exists (select from internal i where i.classid = o.classid and i.objid = o.oid))
 order by o.kind collate "C", o.path collate "C"`;

/**
 * Reads what there is of every kind.
 * @param query runs with `search_path` set to pg_catalog
 */
export async function readExtras(query: (sql: string) => Promise<object[]>): Promise<Extra[]> {
  const rows = (await query(QUERY)) as {
    kind: string;
    path: string[];
    schema: string | null;
    table: string | null;
    payload: object;
    owner: string | null;
    comment: string | null;
  }[];
  return rows.map(({ kind, path, schema, table, payload, owner, comment }) => ({
    kind,
    path,
    relation: schema === null || table === null ? undefined : { schema, name: table },
    payload,
    ...(comment === null ? {} : { comment }),
    ...(owner === null ? {} : { owner }),
  }));
}
