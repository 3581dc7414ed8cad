import { alterRelation } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface SequencePersistence {
  readonly persistence: "LOGGED" | "UNLOGGED";
}

/** Where a sequence does not have that of the table that it belongs to. */
export const sequencePersistence = kind<SequencePersistence>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: "'persistence', case c.relpersistence when 'u' then 'UNLOGGED' else 'LOGGED' end",
    // Before version 15 there were no unlogged ones.
    from: `from relation r join pg_class c on c.oid = r.oid
      left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype in ('a', 'i')
                           and d.refclassid = 'pg_class'::regclass
      left join pg_class o on o.oid = d.refobjid
      where r.relkind = 'S' and c.relpersistence <> coalesce(o.relpersistence, 'p')
        and current_setting('server_version_num')::int >= 150000`,
  },
  text: ({ persistence }) => persistence,
  statements: {
    create: ({ relation, payload }, { facts }) => [`${alterRelation(relation, facts)} SET ${payload.persistence}`],
    reset: ({ relation, payload }, { facts }) => [
      `${alterRelation(relation, facts)} SET ${payload.persistence === "LOGGED" ? "UNLOGGED" : "LOGGED"}`,
    ],
  },
});
