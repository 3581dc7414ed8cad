import { quoteIdentifier } from "#sql/quote.ts";
import { alterRelation } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface TableAccessMethod {
  readonly method: string;
}

export const tableAccessMethod = kind<TableAccessMethod>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: "'method', amname",
    from: "from relation r join pg_am am on am.oid = r.relam where r.relkind in ('r', 'p', 'm') and amname <> 'heap'",
  },
  text: ({ method }) => method,
  statements: {
    create: ({ relation, payload }, { facts }) => [
      `${alterRelation(relation, facts)} SET ACCESS METHOD ${quoteIdentifier(payload.method)}`,
    ],
    reset: ({ relation }, { facts }) => [`${alterRelation(relation, facts)} SET ACCESS METHOD heap`],
  },
});
