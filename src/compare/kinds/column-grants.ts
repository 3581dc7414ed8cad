import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { type Grant, GRANTS, grantStatements, grantsText, revokeStatements } from "./grants.ts";
import { type Extra, kind } from "./kind.ts";

interface ColumnGrants {
  readonly grants: readonly Grant[];
}

/** To a column of a view or foreign table, or to an inherited one. */
export const columnGrants = kind<ColumnGrants>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: `'grants', (select ${GRANTS} from aclexplode(attacl))`,
    from: "from remarkable where (relkind in ('v', 'm', 'f') or not attislocal) and attacl is not null",
  },
  text: ({ grants }) => grantsText(grants),
  statements: {
    create: (extra) => grantStatements(on(extra), extra.payload.grants),
    reset: (extra) => revokeStatements(on(extra), extra.payload.grants),
    // Granting some leaves the others.
    change: (from, to) => [
      ...revokeStatements(on(from), from.payload.grants),
      ...grantStatements(on(to), to.payload.grants),
    ],
  },
});

function on({ relation, path }: Extra): string {
  return `(${quoteIdentifier(path[2] ?? "")}) ON ${quoteQualified(relation!.schema, relation!.name)}`;
}
