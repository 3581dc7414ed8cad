import { alterColumn } from "./alter-relation.ts";
import { type Extra, kind, type Side } from "./kind.ts";

interface Storage {
  readonly storage: "PLAIN" | "EXTERNAL" | "EXTENDED" | "MAIN";
}

export const columnStorage = kind<Storage>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload:
      "'storage', case attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end",
    // A child has that of its parent from the beginning.
    from: `from remarkable r where relkind in ('r', 'p', 'm')
      and (attstorage <> typstorage or exists (select from pg_inherits join pg_attribute pa on pa.attrelid = inhparent and pa.attname = r.attname
                                                where inhrelid = r.relation and pa.attstorage <> r.attstorage))`,
  },
  text: ({ storage }) => storage,
  statements: {
    create: (extra, side) => [`${alterColumn(extra, side)} SET STORAGE ${extra.payload.storage}`],
    reset: (extra, side) => [`${alterColumn(extra, side)} SET STORAGE ${usualStorage(extra, side)}`],
  },
});

/** By type (pg_type.typstorage); the few that are neither kept apart nor compressed have no other. */
function usualStorage({ relation, path }: Extra, { facts }: Side): string {
  const { schema, name } = relation!;
  const type = facts.get({ kind: "column", schema, table: name, name: path[2] ?? "" })?.payload["type"];
  return typeof type === "string" && /^(numeric|inet|cidr)\b(?!.*\[\])/.test(type) ? "MAIN" : "EXTENDED";
}
