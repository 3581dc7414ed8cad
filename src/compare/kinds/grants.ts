import { quoteIdentifier } from "#sql/quote.ts";
import type { Extra, Statements } from "./kind.ts";

/** A right to something. */
export interface Grant {
  readonly privilege: string;
  /** Null for everybody. */
  readonly grantee: string | null;
  readonly withOption: boolean;
}

export interface Grants {
  readonly grants: readonly Grant[];
}

/** A jsonb array of them, from rows of aclexplode, in an order that is the same in every database. */
export const GRANTS = `jsonb_agg(jsonb_build_object('privilege', privilege_type, 'withOption', is_grantable,
  'grantee', case when grantee <> 0 then pg_get_userbyid(grantee) end) order by privilege_type,
  case when grantee <> 0 then pg_get_userbyid(grantee) end collate "C")`;

/** `on` is what they are to, from ON on, with the columns before it. */
export function grantStatements(on: string, grants: readonly Grant[]): string[] {
  return grants.map(({ privilege, grantee, withOption }) => {
    return `GRANT ${privilege} ${on} TO ${roleText(grantee)}${withOption ? " WITH GRANT OPTION" : ""}`;
  });
}

export function revokeStatements(on: string, grants: readonly Grant[]): string[] {
  return [...new Set(grants.map(({ grantee }) => `REVOKE ALL ${on} FROM ${roleText(grantee)}`))];
}

/**
 * How rights are given and taken that are nothing but what was granted.
 * @param on what they are to, as for `grantStatements`
 */
export function grantsOn(on: (extra: Extra) => string): Statements<Grants> {
  return {
    create: (extra) => grantStatements(on(extra), extra.payload.grants),
    reset: (extra) => revokeStatements(on(extra), extra.payload.grants),
    // Granting some leaves the others.
    change: (from, to) => [
      ...revokeStatements(on(from), from.payload.grants),
      ...grantStatements(on(to), to.payload.grants),
    ],
  };
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
