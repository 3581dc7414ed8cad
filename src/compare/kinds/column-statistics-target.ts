import { alterColumn } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface StatisticsTarget {
  readonly target: number;
}

export const columnStatisticsTarget = kind<StatisticsTarget>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: "'target', attstattarget",
    from: "from remarkable where relkind in ('r', 'p', 'm', 'f', 'i', 'I') and coalesce(attstattarget, -1) <> -1",
  },
  text: ({ target }) => String(target),
  statements: {
    create: (extra, side) => [`${alterColumn(extra, side)} SET STATISTICS ${extra.payload.target}`],
    reset: (extra, side) => [`${alterColumn(extra, side)} SET STATISTICS -1`],
  },
});
