import { randomBytes } from "node:crypto";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";

/**
 * Where scratch databases are made. The embedded engine needs no server; a comparison with a live database wants
 * one on its own server, because PostgreSQL's majors do not write a definition alike.
 */
export type ScratchSite = { readonly engine: "embedded" } | ServerTarget;

export interface ScratchOptions {
  readonly scratch: ScratchSite;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A database of its own for one piece of work, gone afterwards, also when the work is interrupted.
 * @throws ConfitureError `scratch_unusable`, and as `work`
 */
export async function withScratch<T>(
  { scratch: site, signal }: ScratchOptions,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  if (site.engine === "embedded") return await withDatabase(site, { signal }, work);
  const name = `${PREFIX}${Date.now()}_${randomBytes(4).toString("hex")}`;
  return await withDatabase(site, {}, async (maintenance) => {
    await dropForgotten(maintenance);
    await createScratch(maintenance, name, site);
    let opened = false;
    try {
      return await withDatabase({ ...site, database: name }, { signal }, (database) => {
        opened = true;
        return work(database);
      });
    } catch (error) {
      throw opened || !(error instanceof ConfitureError) ? error : unreachable(site, error);
    } finally {
      await maintenance.execute(`drop database ${quoteIdentifier(name)} with (force)`);
      await dropRoles(maintenance, (made) => made === name);
    }
  });
}

/** A pooler may know only the databases that it was told of. */
function unreachable(site: ServerTarget, error: ConfitureError): ConfitureError {
  return error.with({
    code: error.code === "interrupted" ? "interrupted" : "scratch_unusable",
    message: `A scratch database was made on ${site.host}:${site.port} and cannot be connected to: ${error.message}`,
    hint: "Past a connection pooler it can: name the server itself with --scratch URL. Or work in the embedded PostgreSQL: --scratch embedded",
  });
}

async function createScratch(maintenance: Database, name: string, site: ServerTarget): Promise<void> {
  try {
    // template0: what an administrator has put into template1 is in no schema file.
    await maintenance.execute(`create database ${quoteIdentifier(name)} template template0`);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    throw error.with({
      code: "scratch_unusable",
      message: `No scratch database can be made on ${site.host}:${site.port}: ${error.message}`,
      hint: "Its role needs the right to create databases: ALTER ROLE ... CREATEDB. Or work in the embedded PostgreSQL: --scratch embedded",
    });
  }
}

/** Whether the role of a target may create databases, and so scratch databases, on its server. */
export async function mayCreateDatabases(target: ServerTarget): Promise<boolean> {
  return await withDatabase(target, {}, async (database) => {
    const rows = await queryCatalogue(
      database,
      "select 1 from pg_roles where rolname = current_user and (rolcreatedb or rolsuper)",
    );
    return rows.length > 0;
  });
}

const PREFIX = "confiture_scratch_";
/** Older ones with no session in them belong to a process that was killed; younger ones may be about to get one. */
const FORGOTTEN_AFTER = 5 * 60 * 1000;

async function dropForgotten(maintenance: Database): Promise<void> {
  const rows = await queryCatalogue<{ name: string }>(
    maintenance,
    `select datname::text as name from pg_database d
      where datname ~ '^confiture_scratch_[0-9]+_[0-9a-f]+$'
        and not exists (select from pg_stat_activity a where a.datname = d.datname)`,
  );
  for (const { name } of rows) {
    if (isForgotten(name)) await dropIfPossible(maintenance, `drop database if exists ${quoteIdentifier(name)}`);
  }
  await dropRoles(maintenance, isForgotten);
}

function isForgotten(name: string): boolean {
  const made = Number(name.slice(PREFIX.length).split("_")[0]);
  return Date.now() - made > FORGOTTEN_AFTER;
}

/** Roles made for a scratch database bear its name as their comment. */
async function dropRoles(maintenance: Database, isOver: (scratch: string) => boolean): Promise<void> {
  const rows = await queryCatalogue<{ role: string; scratch: string }>(
    maintenance,
    `select rolname::text as role, description as scratch from pg_roles r
       join pg_shdescription d on d.objoid = r.oid and d.classoid = 'pg_authid'::regclass
      where description ~ '^confiture_scratch_[0-9]+_[0-9a-f]+$'`,
  );
  for (const { role } of rows.filter(({ scratch }) => isOver(scratch))) {
    await dropIfPossible(maintenance, `drop role if exists ${quoteIdentifier(role)}`);
  }
}

/** In use (by a run that came in between, or by another scratch database), or somebody else's. */
const NOT_OURS_TO_DROP: ReadonlySet<string> = new Set(["55006", "2BP01", "42501"]);

/** What cannot be dropped is found again by whoever comes next. */
async function dropIfPossible(maintenance: Database, statement: string): Promise<void> {
  try {
    await maintenance.execute(statement);
  } catch (error) {
    if (!(error instanceof ConfitureError && NOT_OURS_TO_DROP.has(error.server?.sqlstate ?? ""))) throw error;
  }
}

/** 42704 is undefined_object, which a missing role is. */
const MISSING_ROLE = /role "([^"]+)" does not exist/;

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
      const role = server?.sqlstate === "42704" ? MISSING_ROLE.exec(server.message)?.[1] : undefined;
      if (role === undefined || created.has(role)) throw error;
      created.add(role);
      await createRole(database, role);
    }
  }
}

async function createRole(database: Database, role: string): Promise<void> {
  const name = quoteIdentifier(role);
  try {
    const [{ scratch } = { scratch: "" }] = await database.query<{ scratch: string }>(
      "select pg_catalog.current_database()::text as scratch",
    );
    await database.execute(`create role ${name}; comment on role ${name} is ${quoteLiteral(scratch)}`);
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
 * What to do about what the engine of a scratch database does not have: an extension or a collation. The error's place
 * in the file is kept.
 */
export function explainMissing(error: ConfitureError, { engine }: Pick<Database, "engine">): ConfitureError {
  const embedded = engine === "embedded";
  // Most of those of ICU are not there.
  if (embedded && error.server?.sqlstate === "42704" && error.server.message.startsWith("collation "))
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

/** 58P01: its files are not there; 0A000: the server says so itself, since version 15. */
function missingExtension({ server }: ConfitureError): string | undefined {
  if (server?.sqlstate === "0A000") return /^extension "([^"]+)" is not available/.exec(server.message)?.[1];
  if (server?.sqlstate !== "58P01" && server?.sqlstate !== "XX000") return undefined;
  return /extension control file ".*?([^/"]+)\.control"/.exec(server.message)?.[1];
}

function deniedExtension({ server }: ConfitureError): string | undefined {
  if (server?.sqlstate !== "42501") return undefined;
  return /^permission denied to create extension "([^"]+)"/.exec(server.message)?.[1];
}
