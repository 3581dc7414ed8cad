import { quoteQualified } from "#sql/quote.ts";
import { type Grant, GRANTS, grantStatements, revokeStatements } from "./grants.ts";
import { type Extra, kind } from "./kind.ts";

/** Of one role, with whose name the path ends. */
interface SequenceGrants {
  readonly grants: readonly Grant[];
}

/** To the sequence of an identity. The owner's own rights say nothing. */
export const sequenceGrants = kind<SequenceGrants>({
  query: {
    path: "array[r.nspname, r.relname, case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee) end]",
    relation: "d.refobjid",
    payload: `'grants', ${GRANTS}`,
    from: `from relation r join pg_class c on c.oid = r.oid cross join aclexplode(c.relacl)
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i' and d.refclassid = 'pg_class'::regclass
      where r.relkind = 'S' and grantee <> c.relowner
      group by r.nspname, r.relname, grantee, d.refobjid`,
  },
  text: ({ grants }) =>
    grants.map(({ privilege, withOption }) => `${privilege}${withOption ? " WITH GRANT OPTION" : ""}`).join(", "),
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

function on({ path: [schema, name = ""] }: Extra): string {
  return `ON SEQUENCE ${quoteQualified(schema, name)}`;
}
