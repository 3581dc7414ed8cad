import type { Database } from "#database/database.ts";
import { isWithoutSchema } from "#database/advice.ts";
import { inQuotes, isRoleToSet, missingAmong, missingRole } from "#database/missing-roles.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral, writeIdentifier } from "#sql/quote.ts";
import { type ScratchSite, sortingOf } from "./site.ts";

/**
 * Runs `work`, creating roles that it misses and trying again: roles belong to a server, not to a schema, so
 * schema files and migrations may take them for granted. On a server they go with the scratch database.
 * @param work must leave nothing behind when it fails
 * @param named other roles that the project takes for granted, which are told together with one that cannot be made
 */
export async function withMissingRoles<T>(
  database: Database,
  work: () => Promise<T>,
  named?: () => Promise<readonly string[]>,
): Promise<T> {
  const created = new Set<string>();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const server = error instanceof ConfitureError ? error.server : undefined;
      const role = server === undefined ? undefined : missingRole(server);
      if (role === undefined || created.has(role)) throw error;
      created.add(role);
      await createRole(database, role, server !== undefined && isRoleToSet(server), named);
    }
  }
}

/** @param isToBeSet whether the session takes it: what it may do where it comes from is not known, and stops nothing */
async function createRole(
  database: Database,
  role: string,
  isToBeSet: boolean,
  named: () => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<void> {
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
    const missing = [...new Set([role, ...(await missingAmong(database, await named()))])];
    const them = missing.length === 1 ? "it" : "them";
    const what =
      missing.length === 1 ? `The role "${role}" is` : `The roles ${missing.map((each) => `"${each}"`).join(", ")} are`;
    throw error.with({
      code: "scratch_unusable",
      message: `${what} missing on the server with the scratch database, and cannot be made there`,
      hint: `Make ${them} there (${missing.map((each) => `CREATE ROLE ${writeIdentifier(each)}`).join("; ")}), or work in the embedded PostgreSQL: --scratch embedded`,
      data: { missingRoles: missing },
    });
  }
}

const ELSEWHERE =
  "Let scratch databases be made on a server that has it: --scratch URL. Its role needs the right to create databases.";

/**
 * What to do about what the engine of a scratch database does not have: an extension, a collation, the order of the
 * database in use, a schema that its search_path names. The error's place in the file is kept.
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
  const path = like?.settings["search_path"];
  if (path !== undefined && error.server !== undefined && isWithoutSchema(error.server)) {
    return error.with({
      message: `The database in use sets search_path to ${path}, and so does a scratch database beside it: ${error.message}`,
      hint: "Make one of these schemas in the files first, or set it right in the database (ALTER DATABASE, ALTER ROLE ... RESET search_path).",
      data: { ...error.data, setting: "search_path" },
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
  return /([^/]+?)(?:\.control)?$/.exec(inQuotes(server.message) ?? "")?.[1];
}

function deniedExtension({ server }: ConfitureError): string | undefined {
  // insufficient_privilege
  if (server?.sqlstate !== "42501" || server.routine !== "execute_extension_script") return undefined;
  return inQuotes(server.message);
}
