import { queryCatalogue } from "./catalogue.ts";
import type { Database } from "./database.ts";

/** What answers to PostgreSQL's protocol, in its own words. */
export interface ServerEngine {
  /** "PostgreSQL", or another product that says so in `version()`: "CockroachDB", "YugabyteDB", "Redshift". */
  readonly name: string;
  /** The product's own version, for example "16.2". */
  readonly version: string;
  /** The PostgreSQL inside the executable. */
  readonly embedded: boolean;
  /** The version of the extension citus in this database; null without it. */
  readonly citus: string | null;
}

/** How products that are not PostgreSQL itself show it in `version()`, with their own version as the group. */
const PRODUCTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["CockroachDB", /^CockroachDB .*?\bv(\S+)/],
  ["YugabyteDB", /^PostgreSQL \S+?-YB-([0-9.]+)/],
  ["Redshift", /\bRedshift (\S+)/],
  ["PostgreSQL", /^PostgreSQL ([^\s,]+)/],
];

/** Asks the server of a session what it is; one round trip. */
export async function describeEngine(database: Database): Promise<ServerEngine> {
  const [row] = await queryCatalogue<{ version: string; citus: string | null }>(
    database,
    "select version() as version, (select extversion from pg_extension where extname = 'citus') as citus",
  );
  return {
    ...readVersion(row?.version ?? ""),
    embedded: database.engine === "embedded",
    citus: row?.citus ?? null,
  };
}

/** Reads what `version()` says. Pure. */
export function readVersion(text: string): { name: string; version: string } {
  for (const [name, pattern] of PRODUCTS) {
    const version = pattern.exec(text)?.[1];
    if (version !== undefined) return { name, version };
  }
  return { name: "unknown", version: text };
}
