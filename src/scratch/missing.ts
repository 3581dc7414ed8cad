import type { Database } from "#database/database.ts";
import { ConfitureError, type ServerReport } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { type ScratchSite, sortingOf } from "./site.ts";

/** Functions of PostgreSQL that look roles up (acl.c), by which a missing one is told in every language. */
const ROLE_LOOKUPS: ReadonlySet<string> = new Set(["get_role_oid", "get_rolespec_oid", "get_rolespec_tuple"]);

/** The name of a role that an error says is missing; messages are translated, and so are the quotes around names. */
export function missingRole(report: ServerReport): string | undefined {
  const { sqlstate, routine, message } = report;
  if (isRoleToSet(report)) return quoted(message);
  // undefined_object
  if (sqlstate !== "42704" || !ROLE_LOOKUPS.has(routine ?? "")) return undefined;
  return quoted(message);
}

/**
 * Whether SET ROLE or SET SESSION AUTHORIZATION has found no such role (variable.c). Other settings name themselves before
 * the value that they do not take, with a colon in between in every language.
 */
function isRoleToSet({ sqlstate, routine, message }: ServerReport): boolean {
  // invalid_parameter_value
  return sqlstate === "22023" && routine === "call_string_check_hook" && !/["»”“’']\s*[:\uFF1A]/.test(message);
}

/** The first name in a message, in the quotes of any language. */
function quoted(message: string): string | undefined {
  return /"(.+)"|»(.+)«|«\s?(.+?)\s?»|„(.+)[“”]|“(.+)”|‘(.+)’|'(.+)'/s.exec(message)?.slice(1).find(Boolean);
}

/**
 * Runs `work`, creating roles that it misses and trying again: roles belong to a server, not to a schema, so
 * schema files and migrations may take them for granted. On a server they go with the scratch database.
 * @param work must leave nothing behind when it fails
 */
export async function withMissingRoles<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const created = new Set<string>();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const server = error instanceof ConfitureError ? error.server : undefined;
      const role = server === undefined ? undefined : missingRole(server);
      if (role === undefined || created.has(role)) throw error;
      created.add(role);
      await createRole(database, role, server !== undefined && isRoleToSet(server));
    }
  }
}

/** @param isToBeSet whether the session takes it: what it may do where it comes from is not known, and stops nothing */
async function createRole(database: Database, role: string, isToBeSet: boolean): Promise<void> {
  const name = quoteIdentifier(role);
  // On a server, a role that may do everything would be seen by others.
  const mayAll = isToBeSet && database.engine === "embedded" ? " superuser" : "";
  const joins = isToBeSet
    ? `if not (select rolsuper from pg_catalog.pg_roles where rolname operator(pg_catalog.=) current_user) then grant ${name} to current_user; end if; `
    : "";
  try {
    const [{ scratch } = { scratch: "" }] = await database.query<{ scratch: string }>(
      "select pg_catalog.current_database()::text as scratch",
    );
    // A block: the session of a scratch database runs no statement about roles.
    const block = `begin create role ${name}${mayAll}; ${joins}comment on role ${name} is ${quoteLiteral(scratch)}; end`;
    await database.execute(`do ${quoteLiteral(block)}`);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "42501") throw error;
    throw error.with({
      code: "scratch_unusable",
      message: `The role "${role}" is missing on the server with the scratch database, and cannot be made there`,
      hint: `Make it there (CREATE ROLE ${name}), or work in the embedded PostgreSQL: --scratch embedded`,
    });
  }
}

const ELSEWHERE =
  "Let scratch databases be made on a server that has it: --scratch URL. Its role needs the right to create databases.";

/**
 * What to do about what the engine of a scratch database does not have: an extension, a collation, the order of the
 * database in use. The error's place in the file is kept.
 */
export function explainMissing(error: ConfitureError, { engine, like }: ScratchSite): ConfitureError {
  const embedded = engine === "embedded";
  const sorting = like === undefined ? undefined : sortingOf(like);
  if (embedded && sorting !== undefined && error.server?.sqlstate === "42P17") {
    return error.with({
      message: `${error.message}. The database in use sorts by "${sorting}", and the embedded PostgreSQL by code points`,
      hint: ELSEWHERE,
    });
  }
  // Most of those of ICU are not there.
  if (embedded && error.server?.sqlstate === "42704" && error.server.routine === "get_collation_oid")
    return error.with({ message: `${error.message} in the embedded PostgreSQL`, hint: ELSEWHERE });
  const denied = deniedExtension(error);
  if (denied !== undefined) {
    return error.with({
      code: "extension_missing",
      message: `The role may not create the extension "${denied}" in a scratch database`,
      hint: "Some extensions need a superuser. Give one for scratch databases, on this server or another: --scratch URL",
    });
  }
  const name = missingExtension(error);
  if (name === undefined) return error;
  return error.with({
    code: "extension_missing",
    message: embedded
      ? `The extension "${name}" is not in the embedded PostgreSQL`
      : `The extension "${name}" is not on the server with the scratch database`,
    hint: embedded ? ELSEWHERE : "Install it there, or name another server: --scratch URL",
  });
}

/**
 * Told by the function of PostgreSQL that looks for it (extension.c), because messages are translated. It names the extension, or before
 * version 15 the file that is not there.
 */
function missingExtension({ server }: ConfitureError): string | undefined {
  if (server?.routine !== "parse_extension_control_file") return undefined;
  return /([^/]+?)(?:\.control)?$/.exec(quoted(server.message) ?? "")?.[1];
}

function deniedExtension({ server }: ConfitureError): string | undefined {
  // insufficient_privilege
  if (server?.sqlstate !== "42501" || server.routine !== "execute_extension_script") return undefined;
  return quoted(server.message);
}
