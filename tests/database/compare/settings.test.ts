import { expect, test } from "bun:test";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { toSnapshot } from "#compare/catalogue/snapshot.ts";
import { readDetails } from "#compare/tree/details.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { serverEngines } from "../../support/engines.ts";
import { fingerprint } from "../build/catalogue.ts";
import { createRoles, EVERYTHING } from "./everything.ts";

/** Constants of every type that a setting has a say in. */
const CONSTANTS = `
  CREATE TABLE log (at timestamptz) PARTITION BY RANGE (at);
  CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-02') TO ('2027-01-02');
  CREATE TYPE en AS ENUM ('a\\b', 'c');
  CREATE TABLE li (e en) PARTITION BY LIST (e);
  CREATE TABLE li_1 PARTITION OF li FOR VALUES IN ('a\\b');
  CREATE TABLE plain (
    f float8 DEFAULT '0.30000000000000004'::float8, g real DEFAULT 1.1::real,
    s text DEFAULT 'back\\slash', b bytea DEFAULT '\\x00ff27'::bytea, m money DEFAULT '1234.5'::money,
    i interval DEFAULT '1 year 2 days -3 hours', d date DEFAULT '2026-02-03', u time DEFAULT '04:05',
    n int[] DEFAULT '{1,NULL}', x xml DEFAULT '<a/>', nothing text DEFAULT nullif('a', NULL)
  );
  CREATE VIEW seen AS SELECT * FROM plain WHERE f > 0.30000000000000004 AND s IS NULL AND i > '40 days';`;

/** What can be set in a session, with the values to try besides the one that it has. */
interface Setting {
  readonly name: string;
  readonly values: readonly string[];
}

/** Values of settings that are texts; for those that no reading can depend on, none. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  application_name: ["other"],
  backtrace_functions: [],
  client_encoding: [],
  createrole_self_grant: ["set, inherit"],
  datestyle: ["SQL, DMY", "German", "Postgres, MDY"],
  default_table_access_method: [],
  default_tablespace: ["pg_default"],
  default_text_search_config: ["simple", "german"],
  dynamic_library_path: ["/nowhere"],
  extension_control_path: ["/nowhere"],
  lc_messages: ["POSIX"],
  lc_monetary: ["de_DE.UTF-8", "en_US.UTF-8", "C.UTF-8"],
  lc_numeric: ["de_DE.UTF-8", "en_US.UTF-8", "C.UTF-8"],
  lc_time: ["de_DE.UTF-8", "en_US.UTF-8", "C.UTF-8"],
  local_preload_libraries: [],
  log_connections: [],
  log_statement_sample_rate: [],
  restrict_nonsystem_relation_kind: ["foreign-table"],
  role: [],
  search_path: ["public, sales, ext, pg_catalog", "nowhere"],
  session_authorization: [],
  session_preload_libraries: [],
  temp_tablespaces: ["pg_default"],
  timezone: ["Asia/Kathmandu", "America/New_York"],
  timezone_abbreviations: ["Australia"],
  wal_consistency_checking: [],
};

/** What is not to be tried: it says who may read, or whether, and not in which words. */
const NOT_TRIED = new Set([
  // Ends the session when another value is refused.
  "exit_on_error",
  // Errors in a transaction that only reads.
  "transaction_read_only",
  "transaction_isolation",
  "transaction_deferrable",
  // Refused outside extensions' tests, or for who is no developer of PostgreSQL.
  "ignore_system_indexes",
  "allow_in_place_tablespaces",
]);

async function settingsOf(database: Database): Promise<Setting[]> {
  const rows = await database.query<{
    name: string;
    type: string;
    setting: string;
    enumvals: string[] | null;
    min: string | null;
    max: string | null;
  }>(
    `SELECT lower(name) AS name, vartype AS type, setting, enumvals, min_val AS min, max_val AS max
       FROM pg_settings
      WHERE context IN ('user', 'superuser')
        -- How long it takes and what is logged, and nothing else.
        AND category !~ '^(Query Tuning|Reporting and Logging|Resource Usage|Statistics|Preset)'
      ORDER BY 1`,
  );
  return rows
    .filter(({ name }) => !NOT_TRIED.has(name))
    .map(({ name, type, setting, enumvals, min, max }) => {
      if (type === "bool") return { name, values: [setting === "on" ? "off" : "on"] };
      if (type === "enum") return { name, values: enumvals!.filter((value) => value !== setting) };
      if (type === "integer" || type === "real") {
        // The shortest time is over before anything is read.
        const values = name.endsWith("_timeout") ? [max!] : [min!, max!];
        return { name, values: values.filter((value) => value !== setting) };
      }
      const values = TEXTS[name];
      if (values === undefined) throw new Error(`${name} is a new setting: say in TEXTS what it can be`);
      return { name, values };
    });
}

for (const engine of serverEngines) {
  test(`${engine.name}: what is read of a catalogue is the same with every setting there is`, async () => {
    await using place = await engine.fresh();
    await withDatabase(place.target, {}, async (session) => {
      await createRoles(session);
      await session.execute(`SET timezone = 'UTC'; ${EVERYTHING}`);
      await session.execute(`RESET ALL; SET search_path = public; ${CONSTANTS}`);
    });
    const read = async (session: Database): Promise<string> => {
      const catalogue = await readCatalogue(session);
      return JSON.stringify([toSnapshot(catalogue), await readDetails(session)]);
    };
    const plainly = async (session: Database): Promise<string> =>
      JSON.stringify([
        await fingerprint((sql) => session.query(sql)),
        await session.query("SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relispartition"),
      ]);
    const readWith = async (
      settings: readonly (readonly [string, string])[],
      reading: (session: Database) => Promise<string>,
    ): Promise<string> =>
      await withDatabase(place.target, {}, async (session) => {
        for (const [name, value] of settings) {
          // Some values need others, a library, or a locale that this system does not have.
          await session.query("SELECT pg_catalog.set_config($1, $2, false)", [name, value]).catch(() => []);
        }
        return await reading(session);
      });
    const settings = await withDatabase(place.target, {}, settingsOf);
    const expected = await readWith([], read);
    /** Those that change what is read, or keep it from being read. */
    const culpritsAmong = async (some: readonly (readonly [string, string])[]): Promise<string[]> => {
      let failure = "";
      const found = await readWith(some, read).catch((error: unknown) => {
        failure = `: ${String(error)}`;
      });
      if (found === expected || some.length === 0) return [];
      const half = Math.ceil(some.length / 2);
      if (some.length > 1)
        return [...(await culpritsAmong(some.slice(0, half))), ...(await culpritsAmong(some.slice(half)))];
      return [`${some[0]!.join(" = ")}${failure}`];
    };
    const rounds = Math.max(...settings.map(({ values }) => values.length));
    for (let round = 0; round < rounds; round++) {
      const all = settings.flatMap(({ name, values }): [string, string][] => {
        const value = values[round];
        return value === undefined ? [] : [[name, value]];
      });
      expect(await culpritsAmong(all)).toEqual([]);
    }
    // What the reading is kept from is really there.
    const plain = await readWith([], plainly);
    for (const one of WRITTEN_DIFFERENTLY) {
      expect({ one, same: (await readWith([one], plainly)) === plain }).toEqual({ one, same: false });
    }
  });
}

const WRITTEN_DIFFERENTLY = [
  ["timezone", "Asia/Kathmandu"],
  ["datestyle", "German"],
  ["intervalstyle", "iso_8601"],
  ["bytea_output", "escape"],
  ["extra_float_digits", "-15"],
  ["quote_all_identifiers", "on"],
  ["standard_conforming_strings", "off"],
] as const;
