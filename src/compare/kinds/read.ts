import { extraId, type ObjectId } from "../engine/object-id.ts";
import common from "./common.sql" with { type: "text" };
import dependencies from "./dependencies.sql" with { type: "text" };
import type { Extra, Kind } from "./kind.ts";
import { KINDS } from "./registry.ts";

const OBJECT_COLUMNS = "kind, path, relation, classid, oid, owner, payload";

function selectOf(name: string, { query: { object, path, relation, payload, from } }: Kind): string {
  return `select '${name}'::text, ${path}::text[], ${relation ?? "null"}::oid, ${object === undefined ? "null" : `'${object.catalogue}'::regclass`}::oid,
       ${object?.oid ?? "null"}::oid, ${object?.owner ?? "null"}::oid, jsonb_build_object(${payload})
  ${from}`;
}

const OBJECTS = `
with
${common.trim()},
object(${OBJECT_COLUMNS}) as (
${Object.entries(KINDS)
  .map(([name, one]) => selectOf(name, one))
  .join("\nunion all\n")}
),
counted as (
  select * from object o
   where o.oid is null or (
     not exists (select from member m where m.classid = o.classid and m.objid = o.oid)
     and not exists (select from internal i where i.classid = o.classid and i.objid = o.oid))
)`;

const QUERY = `${OBJECTS}
select o.kind, o.path, r.nspname::text as schema, r.relname::text as table, o.payload, pg_get_userbyid(o.owner)::text as owner,
       obj_description(o.oid, (select relname from pg_class where oid = o.classid)) as comment, o.oid is not null as "isObject"
  from counted o left join relation r on r.oid = o.relation
 order by o.kind collate "C", o.path collate "C"`;

const DEPENDENCIES = `${OBJECTS},
${dependencies}`;

interface Row {
  readonly kind: string;
  readonly path: string[];
  readonly schema: string | null;
  readonly table: string | null;
  readonly payload: object;
  readonly owner: string | null;
  readonly comment: string | null;
  readonly isObject: boolean;
}

/** One of the two is there. */
interface Link {
  readonly kind: string;
  readonly path: string[];
  readonly needs: boolean;
  readonly id: ObjectId | null;
  readonly other: Pick<Extra, "kind" | "path"> | null;
}

/**
 * Reads what there is of every kind, and what depends on what.
 * @param query runs with `search_path` set to pg_catalog
 */
export async function readExtras(query: (sql: string) => Promise<object[]>): Promise<Extra[]> {
  const rows = (await query(QUERY)) as Row[];
  const links = rows.some(({ isObject }) => isObject) ? ((await query(DEPENDENCIES)) as Link[]) : [];
  const linked = Map.groupBy(links, keyOf);
  return rows.map((row) => {
    const { kind, path, schema, table, payload, owner, comment } = row;
    const own = row.isObject ? (linked.get(keyOf(row)) ?? []) : [];
    const ids = (needs: boolean): ObjectId[] =>
      own.flatMap((link) => (link.needs === needs ? [link.id ?? extraId(link.other!.kind, link.other!.path)] : []));
    const [needs, neededBy] = [ids(true), ids(false)];
    return {
      kind,
      path,
      relation: schema === null || table === null ? undefined : { schema, name: table },
      payload: (KINDS as Readonly<Record<string, Kind>>)[kind]?.normalized?.(payload) ?? payload,
      ...(comment === null ? {} : { comment }),
      ...(owner === null ? {} : { owner }),
      ...(needs.length === 0 ? {} : { needs }),
      ...(neededBy.length === 0 ? {} : { neededBy }),
    };
  });
}

function keyOf({ kind, path }: Pick<Extra, "kind" | "path">): string {
  return JSON.stringify([kind, ...path]);
}
