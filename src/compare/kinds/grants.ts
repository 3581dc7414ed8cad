import { quoteIdentifier } from "#sql/quote.ts";

/** A right to something. */
export interface Grant {
  readonly privilege: string;
  /** Null for everybody. */
  readonly grantee: string | null;
  readonly withOption: boolean;
}

/** A jsonb array of them, from rows of aclexplode. */
export const GRANTS = `jsonb_agg(jsonb_build_object('privilege', privilege_type, 'withOption', is_grantable,
  'grantee', case when grantee <> 0 then pg_get_userbyid(grantee) end) order by privilege_type, grantee)`;

/** `on` is what they are to, from ON on, with the columns before it. */
export function grantStatements(on: string, grants: readonly Grant[]): string[] {
  return grants.map(({ privilege, grantee, withOption }) => {
    return `GRANT ${privilege} ${on} TO ${roleText(grantee)}${withOption ? " WITH GRANT OPTION" : ""}`;
  });
}

export function revokeStatements(on: string, grants: readonly Grant[]): string[] {
  return [...new Set(grants.map(({ grantee }) => `REVOKE ALL ${on} FROM ${roleText(grantee)}`))];
}

export function grantsText(grants: readonly Grant[]): string {
  return grants
    .map(({ privilege, grantee, withOption }) => {
      return `${privilege} TO ${grantee ?? "PUBLIC"}${withOption ? " WITH GRANT OPTION" : ""}`;
    })
    .join(", ");
}

function roleText(grantee: string | null): string {
  return grantee === null ? "PUBLIC" : quoteIdentifier(grantee);
}
