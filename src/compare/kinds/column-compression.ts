import { alterColumn } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface Compression {
  readonly method: "pglz" | "lz4";
}

export const columnCompression = kind<Compression>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: "'method', case attcompression when 'p' then 'pglz' else 'lz4' end",
    from: "from remarkable where relkind in ('r', 'p', 'm') and attcompression <> ''",
  },
  text: ({ method }) => method,
  statements: {
    create: (extra, side) => [`${alterColumn(extra, side)} SET COMPRESSION ${extra.payload.method}`],
    reset: (extra, side) => [`${alterColumn(extra, side)} SET COMPRESSION default`],
  },
});
