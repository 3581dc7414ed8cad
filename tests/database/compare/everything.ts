import { readFileSync } from "node:fs";
import type { Database } from "#database/database.ts";

/** A schema with objects of every kind. */
export const EVERYTHING = readFileSync(new URL("everything.sql", import.meta.url), "utf8");

/** The roles that it names; a server keeps them from one test to the next. */
export async function createRoles(session: Database): Promise<void> {
  for (const role of ["everything_reader", "everything_writer"]) {
    const there = await session.query("select 1 from pg_roles where rolname = $1", [role]);
    if (there.length === 0) await session.execute(`create role ${role}`);
  }
}
