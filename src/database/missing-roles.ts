import { ConfitureError, type ServerReport } from "#errors/error.ts";
import { rolesTakenForGranted } from "#sql/named-roles.ts";
import { loadParser } from "#sql/parser.ts";
import type { Statement } from "#sql/statement.ts";
import { adviceForRoles } from "./advice.ts";
import { queryCatalogue } from "./catalogue.ts";
import type { Database } from "./database.ts";

/** Functions of PostgreSQL that look roles up (acl.c), by which a missing one is told in every language. */
const ROLE_LOOKUPS: ReadonlySet<string> = new Set(["get_role_oid", "get_rolespec_oid", "get_rolespec_tuple"]);

/** The name of a role that an error says is missing; messages are translated, and so are the quotes around names. */
export function missingRole(report: ServerReport): string | undefined {
  const { sqlstate, routine, message } = report;
  if (isRoleToSet(report)) return inQuotes(message);
  // undefined_object
  if (sqlstate !== "42704" || !ROLE_LOOKUPS.has(routine ?? "")) return undefined;
  return inQuotes(message);
}

/**
 * Whether SET ROLE or SET SESSION AUTHORIZATION has found no such role (variable.c). Other settings name themselves before
 * the value that they do not take, with a colon in between in every language.
 */
export function isRoleToSet({ sqlstate, routine, message }: ServerReport): boolean {
  // invalid_parameter_value
  return sqlstate === "22023" && routine === "call_string_check_hook" && !/["»”“’']\s*[:\uFF1A]/.test(message);
}

/** The first name in a message, in the quotes of any language. */
export function inQuotes(message: string): string | undefined {
  return /"(.+)"|»(.+)«|«\s?(.+?)\s?»|„(.+)[“”]|“(.+)”|‘(.+)’|'(.+)'/s.exec(message)?.slice(1).find(Boolean);
}

/** Those of some roles that a server does not have. */
export async function missingAmong(database: Database, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await queryCatalogue<{ name: string }>(database, "select rolname::text as name from pg_roles");
  const there = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !there.has(name));
}

/**
 * The error of a role that is missing on a server, with every other one that is missing there as well: whoever makes one at a time
 * would meet them one by one.
 * @param database whose transaction has been rolled back
 * @param statements all that were to run
 */
export async function withAllMissing(
  error: ConfitureError,
  database: Database,
  statements: () => Iterable<Statement>,
): Promise<ConfitureError> {
  const role = error.server === undefined ? undefined : missingRole(error.server);
  if (role === undefined) return error;
  try {
    const named = rolesTakenForGranted(statements(), await loadParser());
    const missing = [...new Set([role, ...(await missingAmong(database, named))])];
    if (missing.length === 1) return error;
    return error.with({ hint: adviceForRoles(missing), data: { ...error.data, missingRoles: missing } });
  } catch (failure) {
    // What failed is told whether or not this can be seen: another file may be broken, the connection lost.
    if (failure instanceof ConfitureError) return error;
    throw failure;
  }
}
