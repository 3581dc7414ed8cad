import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { type Grants, GRANTS, grantsOn, grantsText } from "./grants.ts";
import { type Extra, kind } from "./kind.ts";

/** To a column of a view or foreign table, or to an inherited one. */
export const columnGrants = kind<Grants>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: `'grants', (select ${GRANTS} from aclexplode(attacl))`,
    from: "from remarkable where (relkind in ('v', 'm', 'f') or not attislocal) and attacl is not null",
  },
  text: ({ grants }) => grantsText(grants),
  statements: grantsOn(on),
});

function on({ relation, path }: Extra): string {
  return `(${quoteIdentifier(path[2] ?? "")}) ON ${quoteQualified(relation!.schema, relation!.name)}`;
}
