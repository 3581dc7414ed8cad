import { randomBytes } from "node:crypto";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";

const PREFIX = "confiture_scratch_";

/** The name of a scratch database: the key of an advisory lock in hex is the rest of it. */
const NAMED = `'^${PREFIX}[0-9a-f]{16}$'`;

/**
 * Thinks up the name of a scratch database and takes the lock that says that somebody works with it. The lock is the
 * session's, so that it ends with the process that had it, however that ended.
 */
export async function claimName(maintenance: Database): Promise<string> {
  const key = randomBytes(8);
  // The server must not end this session while the work goes on in another.
  await maintenance.execute(
    `set idle_session_timeout = 0; select pg_catalog.pg_advisory_lock(${key.readBigInt64BE()})`,
  );
  return `${PREFIX}${key.toString("hex")}`;
}

/**
 * Drops scratch databases, and roles made for them, whose session is gone: that of a command that was killed. What
 * cannot be dropped, for the lack of rights or because another command is just doing it, is left to a later one.
 */
export async function dropForgotten(maintenance: Database): Promise<void> {
  const databases = await queryCatalogue<{ name: string }>(
    maintenance,
    `select datname::text as name from pg_database where datname ~ ${NAMED} and not ${isHeld("datname::text")}`,
  );
  for (const { name } of databases) {
    await dropIfPossible(maintenance, `drop database if exists ${quoteIdentifier(name)} with (force)`);
  }
  await dropRoles(maintenance, `not ${isHeld("description")}`);
}

/** Drops the roles that were made for one scratch database. */
export async function dropRolesOf(maintenance: Database, scratch: string): Promise<void> {
  await dropRoles(maintenance, `description = '${scratch}'`);
}

/** Whether a session of the server holds the lock of a name. Two numbers of 32 bits are the key (pg_locks). */
function isHeld(name: string): string {
  const half = (column: string): string => `lpad(to_hex(${column}::int8), 8, '0')`;
  return `exists (select from pg_locks l where l.locktype = 'advisory' and l.objsubid = 1
                     and l.granted and ${half("l.classid")} || ${half("l.objid")} = right(${name}, 16))`;
}

/** Roles made for a scratch database bear its name as their comment. */
async function dropRoles(maintenance: Database, condition: string): Promise<void> {
  const roles = await queryCatalogue<{ role: string }>(
    maintenance,
    `select rolname::text as role from pg_roles r
       join pg_shdescription d on d.objoid = r.oid and d.classoid = 'pg_authid'::regclass
      where description ~ ${NAMED} and ${condition}`,
  );
  for (const { role } of roles) await dropIfPossible(maintenance, `drop role if exists ${quoteIdentifier(role)}`);
}

async function dropIfPossible(maintenance: Database, statement: string): Promise<void> {
  try {
    await maintenance.execute(statement);
  } catch (error) {
    // PostgreSQL refused it; a lost connection is another matter.
    if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
  }
}
