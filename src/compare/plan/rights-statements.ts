import { quoteIdentifier } from "#sql/quote.ts";

/** Rights, and those of them that may be granted on. */
export interface Rights {
  readonly privileges: readonly string[];
  readonly grantable: readonly string[];
}

export const NO_RIGHTS: Rights = { privileges: [], grantable: [] };

/** What a role has to something, and shall have. */
export interface RightsChange {
  /** "ALTER DEFAULT PRIVILEGES FOR ROLE app ", or nothing. */
  readonly start?: string;
  /** "TABLE public.users", or "TABLES" */
  readonly on: string;
  readonly column?: string | undefined;
  /** As it is written: a role, PUBLIC, CURRENT_USER. */
  readonly grantee: string;
  /** Undefined where that follows from who runs it. */
  readonly held: Rights | undefined;
  readonly wanted: Rights;
  /** All rights that there are to it. */
  readonly all: readonly string[];
}

/** The statements that lead from what a role has to what it shall have, and touch nothing else. Pure. */
export function rightsStatements(change: RightsChange): string[] {
  const { held, wanted, column, all } = change;
  const lost = held && minus(held.privileges, wanted.privileges);
  // Servers before PostgreSQL 17 do not know MAINTAIN, which whoever had all rights did not get by name.
  const takesAll = lost === undefined || wanted.privileges.length === 0 || isMostWithMaintain(lost);
  const before = takesAll ? NO_RIGHTS : held!;
  const hadSome = held === undefined || held.privileges.length > 0;
  const options = minus(before.grantable, wanted.grantable).filter((right) => wanted.privileges.includes(right));
  return [
    ...(takesAll && hadSome && (lost === undefined || lost.length > 0) ? [revoke(["ALL"])] : []),
    ...(takesAll || lost.length === 0 ? [] : [revoke(lost)]),
    ...(options.length === 0 ? [] : [revoke(options, "GRANT OPTION FOR ")]),
    ...grant(minus(minus(wanted.privileges, wanted.grantable), before.privileges), ""),
    ...grant(minus(wanted.grantable, before.grantable), " WITH GRANT OPTION"),
  ];

  function grant(rights: readonly string[], option: string): string[] {
    if (rights.length === 0) return [];
    const isAll = column === undefined && all.length > 1 && minus(all, rights).length === 0;
    if (isAll || isMostWithMaintain(rights)) {
      const back = isAll ? [] : minus(all, rights).filter((right) => !wanted.privileges.includes(right));
      const kept = isAll ? [] : minus(all, rights).filter((right) => wanted.privileges.includes(right));
      return [
        `${verb("GRANT")}ALL ON ${change.on} TO ${change.grantee}${option}`,
        ...(back.length === 0 ? [] : [revoke(back)]),
        ...(option === "" || kept.length === 0 ? [] : [revoke(kept, "GRANT OPTION FOR ")]),
      ];
    }
    return [`${verb("GRANT")}${list(rights)} ON ${change.on} TO ${change.grantee}${option}`];
  }

  function revoke(rights: readonly string[], what = ""): string {
    return `${verb("REVOKE")}${what}${list(rights)} ON ${change.on} FROM ${change.grantee}`;
  }

  function verb(word: string): string {
    return `${change.start ?? ""}${word} `;
  }

  function list(rights: readonly string[]): string {
    return rights.map((right) => (column === undefined ? right : `${right} (${quoteIdentifier(column)})`)).join(", ");
  }
}

function minus(rights: readonly string[], others: readonly string[]): string[] {
  return rights.filter((right) => !others.includes(right));
}

/** Whoever has little more than MAINTAIN was given it by name. */
function isMostWithMaintain(rights: readonly string[]): boolean {
  return rights.includes("MAINTAIN") && rights.length >= FEW;
}

const FEW = 4;

/** The rights to a kind of objects, by pg_default_acl.defaclobjtype and others like it, in the order that plans have. Pure. */
export function allRights(objtype: string, major: number): readonly string[] {
  const rights = ALL[objtype] ?? [];
  return major < MAINTAIN_SINCE ? rights.filter((right) => right !== "MAINTAIN") : rights;
}

const MAINTAIN_SINCE = 17;

const ALL: Readonly<Record<string, readonly string[]>> = {
  r: ["DELETE", "INSERT", "MAINTAIN", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"],
  S: ["SELECT", "UPDATE", "USAGE"],
  n: ["CREATE", "USAGE"],
  f: ["EXECUTE"],
  T: ["USAGE"],
};
