import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Action } from "../engine/actions.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/** The end of a statement that makes a role the owner. Pure. */
export function ownerTo(role: string): string {
  return ` OWNER TO ${quoteIdentifier(role)}`;
}

/**
 * A migration runs as another role than the one that built the files, which need not be there: whoever runs it owns what it
 * makes, as whoever builds does, and has the owner's rights. Pure.
 */
export function ofWhoeverRuns(sql: string, builder: string | undefined): string {
  if (builder === undefined) return sql;
  const role = quoteIdentifier(builder);
  if (sql.endsWith(ownerTo(builder))) return `${sql.slice(0, -ownerTo(builder).length)} OWNER TO CURRENT_USER`;
  const authorization = ` AUTHORIZATION ${role}`;
  if (sql.startsWith("CREATE SCHEMA ") && sql.endsWith(authorization)) return sql.slice(0, -authorization.length);
  const named = RIGHTS.test(sql) ? sql.replace(grantee(role), "$1CURRENT_USER") : sql;
  const begin = "ALTER DEFAULT PRIVILEGES ";
  const forRole = `FOR ROLE ${role} `;
  return named.startsWith(begin + forRole) ? begin + named.slice(begin.length + forRole.length) : named;
}

const RIGHTS = /^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) /;

/** The role among those at the end of a GRANT or REVOKE. */
function grantee(role: string): RegExp {
  const other = String.raw`(?:"(?:[^"]|"")*"|PUBLIC)`;
  return new RegExp(`( (?:TO|FROM) (?:${other}, )*)${RegExp.escape(role)}(?=(?:, ${other})*(?: WITH GRANT OPTION)?$)`);
}

/**
 * Servers before PostgreSQL 17 do not know MAINTAIN, which files that grant ALL and revoke some of it do not name either: so the
 * statement does the same. Whoever has little more than MAINTAIN was given it by name. Pure.
 */
export function withoutMaintain(action: Action, before: Action | undefined): Action[] {
  const { start = "", list = "", rest = "", role = "", option = "" } = TABLE_RIGHTS.exec(action.sql)?.groups ?? {};
  const granted = list.split(", ");
  if (!granted.includes("MAINTAIN") || granted.length < FEW) return [action];
  // Granted right before, without the option to grant them.
  const plain =
    option !== "" && before?.sql.endsWith(` ON ${rest} TO ${role}`) === true
      ? (TABLE_RIGHTS.exec(before.sql)?.groups?.["list"] ?? "").split(", ")
      : [];
  const revoked = OF_TABLES.filter((right) => !granted.includes(right) && !plain.includes(right));
  const revoke = (rights: readonly string[], what = ""): Action[] =>
    rights.length === 0
      ? []
      : [{ ...action, sql: `${start}REVOKE ${what}${rights.join(", ")} ON ${rest} FROM ${role}`, produces: [] }];
  return [
    { ...action, sql: `${start}GRANT ALL ON ${rest} TO ${role}${option}` },
    ...revoke(plain, "GRANT OPTION FOR "),
    ...revoke(revoked),
  ];
}

/** Rights to tables, as the planner orders them. */
const OF_TABLES = ["DELETE", "INSERT", "MAINTAIN", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];
const FEW = OF_TABLES.length / 2;

const TABLE_RIGHTS =
  /^(?<start>(?:ALTER DEFAULT PRIVILEGES .*)?)GRANT (?<list>[A-Z, ]+) ON (?<rest>(?:TABLE )?.+) TO (?<role>"(?:[^"]|"")+"|PUBLIC)(?<option>(?: WITH GRANT OPTION)?)$/s;

/**
 * Who makes an object has all rights to it from the beginning. The planner grants them once more wherever there are default
 * privileges, which give something to others. Pure.
 */
export function withoutIdleRights(actions: readonly Action[], { facts, builder }: Catalogue): Action[] {
  const isReduced = facts
    .facts()
    .some(({ id }) => id.kind === "defaultPrivilege" && id.schema === null && id.grantee === id.role);
  if (builder === undefined || isReduced) return [...actions];
  const made = new Set(actions.flatMap(({ verb, produces }) => (verb === "create" ? produces.map(encodeId) : [])));
  const isIdle = (id: ObjectId): boolean =>
    id.kind === "acl" && id.grantee === builder && made.has(encodeId(id.target)) && hasOwnersRights(id, facts);
  return actions.filter(({ produces, consumes }) => ![...produces, ...consumes].some(isIdle));
}

function hasOwnersRights(id: Extract<ObjectId, { kind: "acl" }>, facts: Facts): boolean {
  const { privileges, grantable, _ownerDefault: all } = facts.get(id)?.payload ?? {};
  return all !== undefined && Bun.deepEquals(grantable, []) && Bun.deepEquals(sorted(privileges), sorted(all));
}

function sorted(privileges: unknown): unknown {
  return Array.isArray(privileges) ? privileges.map(String).toSorted() : privileges;
}

/** By default a role has all rights to what it makes: to have fewer, it has none first, and in the end it has all again. Pure. */
export function withOwnRights(action: Action): Action[] {
  const [made] = [...action.produces, ...action.destroys];
  if (made?.kind !== "defaultPrivilege" || made.schema !== null || made.grantee !== made.role) return [action];
  const [, start, verb, kind] = DEFAULT_RIGHTS.exec(action.sql) ?? [];
  if (start === undefined) return [action];
  const role = quoteIdentifier(made.role);
  if (action.verb === "drop" && verb === "REVOKE")
    return [{ ...action, sql: `${start} GRANT ALL ON ${kind} TO ${role}` }];
  if (action.verb !== "create" || verb !== "GRANT") return [action];
  return [{ ...action, sql: `${start} REVOKE ALL ON ${kind} FROM ${role}`, produces: [] }, action];
}

const DEFAULT_RIGHTS = /^(ALTER DEFAULT PRIVILEGES FOR ROLE .*) (GRANT|REVOKE) .* ON (\w+) (?:TO|FROM) /s;
