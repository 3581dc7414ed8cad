import { quoteIdentifier } from "#sql/quote.ts";
import { type Grants, GRANTS, grantStatements, grantsText, revokeStatements } from "./grants.ts";
import { type Extra, kind } from "./kind.ts";

/** Everybody may use a language that nobody has said anything about. */
export const languageGrants = kind<Grants>({
  query: {
    path: "array[lanname]",
    payload: `'grants', coalesce((select ${GRANTS} from aclexplode(lanacl) where grantee <> lanowner), '[]')`,
    from: `from pg_language
      where exists (select from aclexplode(lanacl) where grantee not in (0, lanowner) or is_grantable)
         or not exists (select from aclexplode(coalesce(lanacl, acldefault('l', lanowner))) where grantee = 0)`,
  },
  text: ({ grants }) => grantsText(grants),
  statements: {
    create,
    reset,
    // Granting some leaves the others.
    change: (from, to) => [...reset(from), ...create(to)],
  },
  home: { folder: "common", name: "languages" },
});

function create(extra: Extra<Grants>): string[] {
  return [`REVOKE ALL ${on(extra)} FROM PUBLIC`, ...grantStatements(on(extra), extra.payload.grants)];
}

function reset(extra: Extra<Grants>): string[] {
  return [...revokeStatements(on(extra), extra.payload.grants), `GRANT USAGE ${on(extra)} TO PUBLIC`];
}

function on({ path: [name = ""] }: Extra): string {
  return `ON LANGUAGE ${quoteIdentifier(name)}`;
}
