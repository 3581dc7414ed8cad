import { existsSync, rmSync } from "node:fs";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { queryCatalogue } from "./catalogue.ts";
import type { Database, OpenOptions } from "./database.ts";
import { withDatabase } from "./open.ts";
import type { ServerTarget, Target } from "./target.ts";

/** Every server has it unless someone dropped it; `template1` is there as well, but a session in it blocks CREATE DATABASE. */
const MAINTENANCE_DATABASE = "postgres";

/**
 * Creates the database a target names.
 * @returns false when it is there already
 * @throws ConfitureError `connect_*`, `sql_failed`
 */
export async function createDatabase(target: Target, options: OpenOptions): Promise<boolean> {
  if (target.engine === "embedded") {
    const isNew = target.path !== undefined && !existsSync(target.path);
    await withDatabase(target, options, async () => {});
    return isNew;
  }
  return await withDatabase({ ...target, database: MAINTENANCE_DATABASE }, options, async (maintenance) => {
    if (await databaseExists(maintenance, target)) return false;
    try {
      await maintenance.execute(`create database ${quoteIdentifier(target.database)}`);
    } catch (error) {
      // Someone else was quicker.
      if (error instanceof ConfitureError && error.server?.sqlstate === "42P04") return false;
      throw error;
    }
    return true;
  });
}

/**
 * Drops the database a target names.
 * @param force ends the sessions that are in it
 * @returns false when there is none
 * @throws ConfitureError `connect_*`, `embedded_in_use`, `sql_failed`
 */
export async function dropDatabase(target: Target, force: boolean, options: OpenOptions): Promise<boolean> {
  if (target.engine === "embedded") return await dropEmbedded(target.path, target, options);
  return await withDatabase({ ...target, database: MAINTENANCE_DATABASE }, options, async (maintenance) => {
    if (!(await databaseExists(maintenance, target))) return false;
    try {
      await maintenance.execute(`drop database ${quoteIdentifier(target.database)}${force ? " with (force)" : ""}`);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "55006") throw error;
      throw error.with({ hint: "Other sessions are in it. End them, or let --force end them." });
    }
    return true;
  });
}

async function databaseExists(maintenance: Database, target: ServerTarget): Promise<boolean> {
  const rows = await queryCatalogue(maintenance, "select 1 from pg_database where datname = $1::name", [
    target.database,
  ]);
  return rows.length > 0;
}

async function dropEmbedded(path: string | undefined, target: Target, options: OpenOptions): Promise<boolean> {
  if (path === undefined || !existsSync(path)) return false;
  // Opening it proves that it is a database of ours and that no other process has it.
  await withDatabase(target, options, async () => {});
  rmSync(path, { recursive: true, force: true });
  return true;
}
