import type { Database } from "#database/database.ts";

/**
 * How values are written as texts and read from them. A role, a database or a server may have its own ways, and those of the source
 * are not those of the target: days and months would change places, and digits get lost.
 */
const WRITING: Readonly<Record<string, string>> = {
  datestyle: "ISO, YMD",
  intervalstyle: "postgres",
  timezone: "UTC",
  extra_float_digits: "3",
  bytea_output: "hex",
  lc_monetary: "C",
  lc_numeric: "C",
  lc_time: "C",
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  xmlbinary: "base64",
  xmloption: "content",
  array_nulls: "on",
  transform_null_equals: "off",
};

/** For a session, or with `set local` for the rest of its transaction. */
function statements(set: "set" | "set local"): string {
  return Object.entries(WRITING)
    .map(([name, value]) => `${set} ${name} to ${name === "datestyle" ? value : `'${value}'`}`)
    .join("; ");
}

/** What a transaction that reads values as a copy does begins with. */
export const PINNED_LOCALLY = statements("set local");

/** Gives a session the ways of writing values that both sides of a copy have; for every session that sees values. */
export async function pin(database: Database): Promise<Database> {
  await database.execute(statements("set"));
  return database;
}

/** `pin` for a session that was just opened, which is closed where that fails. */
export async function pinOpened(database: Database): Promise<Database> {
  try {
    return await pin(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}
