import { inside, type Node, type NodeOf, strings } from "../parser.ts";
import type { Family } from "./object-names.ts";

/** A right that a role has on an object or a column of it. */
export interface Right {
  /** "SELECT" */
  readonly privilege: string;
  /** Undefined is PUBLIC. */
  readonly grantee: string | undefined;
  readonly column: string | undefined;
  readonly withOption: boolean;
}

/** GRANT or REVOKE, of whatever it is on. */
export interface RightsChange {
  readonly isGrant: boolean;
  /** REVOKE GRANT OPTION FOR. */
  readonly isOptionAlone: boolean;
  readonly rights: readonly Right[];
}

/** What ALL stands for. Those that a version does not know are nobody's. */
const ALL: Readonly<Record<Family, readonly string[]>> = {
  relation: ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN", "USAGE"],
  column: ["SELECT", "INSERT", "UPDATE", "REFERENCES"],
  routine: ["EXECUTE"],
  type: ["USAGE"],
  schema: ["USAGE", "CREATE"],
  server: ["USAGE"],
  wrapper: ["USAGE"],
};

/** What PUBLIC has on an object of which nobody has said anything. */
export const FOR_PUBLIC: Readonly<Partial<Record<Family, string>>> = { routine: "EXECUTE", type: "USAGE" };

/** What a GRANT or REVOKE says. Pure. */
export function rightsChange(grant: NodeOf<"GrantStmt">, family: Family, user: string): RightsChange {
  const all = ALL[family].map((privilege) => ({ privilege, columns: [] as string[] }));
  const named = (grant.privileges ?? []).flatMap((one) => {
    const { priv_name: name, cols } = inside(one, "AccessPriv") ?? {};
    const columns = strings(cols);
    // ALL (a, b)
    if (name === undefined) return ALL.column.map((privilege) => ({ privilege, columns }));
    return [{ privilege: name.toUpperCase(), columns }];
  });
  const isGrant = grant.is_grant === true;
  const rights = (named.length === 0 ? all : named).flatMap(({ privilege, columns }) =>
    (grant.grantees ?? []).flatMap((grantee) =>
      (columns.length === 0 ? [undefined] : columns).map((column): Right => ({
        privilege,
        grantee: roleOf(inside(grantee, "RoleSpec"), user),
        column,
        withOption: isGrant && grant.grant_option === true,
      })),
    ),
  );
  return { isGrant, isOptionAlone: !isGrant && grant.grant_option === true, rights };
}

/** Undefined is PUBLIC. */
export function roleOf(role: NodeOf<"RoleSpec"> | undefined, user: string): string | undefined {
  if (role?.roletype === "ROLESPEC_PUBLIC") return undefined;
  return role?.roletype === "ROLESPEC_CSTRING" ? role.rolename : user;
}

/** The rights that there are after a change. Pure. */
export function afterChange(rights: readonly Right[], change: RightsChange): Right[] {
  // What is taken from a table is taken from its columns.
  const isMeant = (one: Right, by: Right): boolean =>
    one.privilege === by.privilege &&
    one.grantee === by.grantee &&
    (one.column === by.column || (by.column === undefined && !change.isGrant));
  const others = rights.filter((one) => !change.rights.some((by) => isMeant(one, by)));
  const meant = rights.filter((one) => !others.includes(one));
  if (!change.isGrant) {
    return change.isOptionAlone ? [...others, ...meant.map((one) => ({ ...one, withOption: false }))] : others;
  }
  const given = change.rights.map((one) => ({
    ...one,
    withOption: one.withOption || meant.some((had) => had.withOption && isMeant(had, one)),
  }));
  return [...others, ...given];
}

/** Whether rights hold another one, as it is or as one on all columns. Pure. */
export function holds(rights: readonly Right[], wanted: Right): boolean {
  return rights.some(
    (one) =>
      one.privilege === wanted.privilege &&
      (one.grantee === wanted.grantee || one.grantee === undefined) &&
      (one.column === wanted.column || one.column === undefined) &&
      (one.withOption || !wanted.withOption),
  );
}

/** GRANTs in which rights are written, as few as there can be: "GRANT SELECT, UPDATE (a, b) TO web". Pure. */
export function writtenGrants(rights: readonly Right[], writeRole: (role: string) => string): string[] {
  const groups = Map.groupBy(rights, ({ grantee, withOption }) => JSON.stringify([grantee ?? null, withOption]));
  return [...groups.values()].map((group) => {
    const { grantee, withOption } = group[0]!;
    const privileges = Map.groupBy(group, ({ privilege, column }) => JSON.stringify([privilege, column === undefined]));
    const words = [...privileges.values()].map((all) => {
      const columns = all.flatMap(({ column }) => (column === undefined ? [] : [writeRole(column)]));
      return `${all[0]!.privilege}${columns.length === 0 ? "" : ` (${columns.join(", ")})`}`;
    });
    const to = grantee === undefined ? "PUBLIC" : writeRole(grantee);
    return `GRANT ${words.join(", ")} TO ${to}${withOption ? " WITH GRANT OPTION" : ""}`;
  });
}

/** ALTER DEFAULT PRIVILEGES. */
export interface DefaultRights {
  /** Whose objects. */
  readonly role: string;
  /** Undefined: in every schema. */
  readonly schema: string | undefined;
  readonly isSequences: boolean;
  readonly family: Family;
  readonly change: RightsChange;
}

/** Pure. */
export function defaultRights(
  { options, action }: NodeOf<"AlterDefaultPrivilegesStmt">,
  family: Family,
  user: string,
): DefaultRights[] {
  if (action === undefined) return [];
  const named = (name: string): readonly Node[] => {
    const option = (options ?? []).flatMap((one) => inside(one, "DefElem") ?? []);
    return inside(option.find(({ defname }) => defname === name)?.arg, "List")?.items ?? [];
  };
  const roles = named("roles").map((one) => roleOf(inside(one, "RoleSpec"), user) ?? user);
  const schemas = strings(named("schemas"));
  return (roles.length === 0 ? [user] : roles).flatMap((role) =>
    (schemas.length === 0 ? [undefined] : schemas).map((schema) => ({
      role,
      schema,
      family,
      isSequences: action.objtype === "OBJECT_SEQUENCE",
      change: rightsChange(action, family, user),
    })),
  );
}
