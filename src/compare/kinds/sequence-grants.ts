import { quoteQualified } from "#sql/quote.ts";
import { type Grants, GRANTS, grantsOn } from "./grants.ts";
import { type Extra, kind } from "./kind.ts";

/** Of one role, with whose name the path ends, to the sequence of an identity. The owner's own rights say nothing. */
export const sequenceGrants = kind<Grants>({
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
  statements: grantsOn(on),
});

function on({ path: [schema, name = ""] }: Extra): string {
  return `ON SEQUENCE ${quoteQualified(schema, name)}`;
}
