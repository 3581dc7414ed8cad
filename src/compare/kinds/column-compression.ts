import { alterColumn } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface Compression {
  /** `default` of a child or partition whose parent has another one, which it would have from it. */
  readonly method: "pglz" | "lz4" | "default";
}

export const columnCompression = kind<Compression>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: "'method', case attcompression when 'p' then 'pglz' when 'l' then 'lz4' else 'default' end",
    from: `from remarkable r where relkind in ('r', 'p', 'm')
      and (attcompression <> '' or exists (select from pg_inherits join pg_attribute pa on pa.attrelid = inhparent and pa.attname = r.attname
                                            where inhrelid = r.relation and pa.attcompression <> ''))`,
  },
  text: ({ method }) => method,
  statements: {
    create: (extra, side) => [`${alterColumn(extra, side)} SET COMPRESSION ${extra.payload.method}`],
    reset: (extra, side) => [`${alterColumn(extra, side)} SET COMPRESSION default`],
  },
});
