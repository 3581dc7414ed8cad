import { quoteIdentifier } from "#sql/quote.ts";
import { alterRelation } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface ClusteredIndex {
  readonly index: string;
}

export const clusteredIndex = kind<ClusteredIndex>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: "'index', ic.relname",
    from: "from relation r join pg_index i on i.indrelid = r.oid and indisclustered join pg_class ic on ic.oid = indexrelid",
  },
  text: ({ index }) => index,
  statements: {
    create: ({ relation, payload }, { facts }) => [
      `${alterRelation(relation, facts)} CLUSTER ON ${quoteIdentifier(payload.index)}`,
    ],
    reset: ({ relation }, { facts }) => [`${alterRelation(relation, facts)} SET WITHOUT CLUSTER`],
  },
  names: ({ relation, payload }) => [{ kind: "index", schema: relation!.schema, name: payload.index }],
});
