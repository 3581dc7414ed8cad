import { randomBytes } from "node:crypto";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget, Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";

/**
 * Where scratch databases are made. The embedded engine needs no server; a comparison with a live database wants
 * one on its own server, because PostgreSQL's majors do not write a definition alike.
 */
export type ScratchSite = { readonly engine: "embedded" } | ServerTarget;

export interface ScratchOptions {
  readonly scratch: ScratchSite;
  readonly signal?: AbortSignal | undefined;
}

/** A database of its own for one piece of work, gone afterwards, also when the work is interrupted. */
export async function withScratch<T>(
  { scratch: site, signal }: ScratchOptions,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  if (site.engine === "embedded") return await withDatabase(site, { signal }, work);
  const name = `${PREFIX}${Date.now()}_${randomBytes(4).toString("hex")}`;
  return await withDatabase({ ...site, database: MAINTENANCE_DATABASE }, {}, async (maintenance) => {
    await dropForgotten(maintenance);
    // template0: what an administrator has put into template1 is in no schema file.
    await maintenance.execute(`create database ${quoteIdentifier(name)} template template0`);
    try {
      return await withDatabase({ ...site, database: name }, { signal }, work);
    } finally {
      await maintenance.execute(`drop database ${quoteIdentifier(name)} with (force)`);
    }
  });
}

/**
 * Where to make scratch databases for comparisons with `target`: on its server when its role may create any.
 * @returns undefined when it may not
 */
export async function scratchSiteBeside(target: Target): Promise<ScratchSite | undefined> {
  if (target.engine === "embedded") return { engine: "embedded" };
  const mayCreate = await withDatabase(target, {}, async (database) => {
    const rows = await queryCatalogue(
      database,
      "select 1 from pg_roles where rolname = current_user and (rolcreatedb or rolsuper)",
    );
    return rows.length > 0;
  });
  return mayCreate ? target : undefined;
}

const MAINTENANCE_DATABASE = "postgres";
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
    const made = Number(name.slice(PREFIX.length).split("_")[0]);
    if (Date.now() - made > FORGOTTEN_AFTER)
      await maintenance.execute(`drop database if exists ${quoteIdentifier(name)}`);
  }
}

/** 42704 is undefined_object, which a missing role is. */
const MISSING_ROLE = /role "([^"]+)" does not exist/;

/**
 * Runs `work`, creating roles that it misses and trying again: roles belong to a server, not to a schema, so
 * schema files and migrations may take them for granted.
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
      await database.execute(`create role ${quoteIdentifier(role)}`);
    }
  }
}
