import { alterRelation } from "./alter-relation.ts";
import { kind } from "./kind.ts";

interface TableType {
  readonly type: string;
}

export const tableType = kind<TableType>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: "'type', format_type(reloftype, null)",
    from: "from relation r join pg_class c on c.oid = r.oid where reloftype <> 0",
  },
  text: ({ type }) => `OF ${type}`,
  statements: {
    create: ({ relation, payload }, { facts }) => [`${alterRelation(relation, facts)} OF ${payload.type}`],
    reset: ({ relation }, { facts }) => [`${alterRelation(relation, facts)} NOT OF`],
  },
});
