import { queryCatalogue } from "#database/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";

/**
 * Where scratch databases are made. The embedded engine needs no server; a comparison with a live database wants
 * one on its own server, because PostgreSQL's majors do not write a definition alike.
 */
export type ScratchSite = ({ readonly engine: "embedded" } | ServerTarget) & {
  /** The database in use that scratch databases are to be like. */
  readonly like?: DatabaseTraits;
};

/** What a database has of its own that decides what statements in it mean. */
export interface DatabaseTraits {
  /** How it sorts and writes text, as options of CREATE DATABASE: `encoding`, `lc_collate`, `icu_locale`. */
  readonly locale: Readonly<Record<string, string>>;
  /** Settings that ALTER DATABASE or ALTER ROLE gave its sessions, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A database in use, as far as scratch databases beside it are concerned. */
export interface Neighbour {
  /** Why no database can be created on its server; undefined when one can. */
  readonly obstacle: "standby" | "read-only" | "role" | undefined;
  readonly traits: DatabaseTraits;
}

/**
 * Looks whether scratch databases can be made on the server of a database in use, and what they would have to be like.
 * @throws ConfitureError `connect_*`; `interrupted`
 */
export async function lookBeside(target: ServerTarget, signal?: AbortSignal): Promise<Neighbour> {
  return await withDatabase(target, { signal }, async (database) => {
    const [row] = await queryCatalogue<NeighbourRow>(database, NEIGHBOUR);
    const { obstacle, settings, traits } = row!;
    return {
      obstacle: obstacle ?? undefined,
      traits: { locale: localeOptions(traits), settings: Object.fromEntries(settings ?? []) },
    };
  });
}

interface NeighbourRow {
  readonly obstacle: Exclude<Neighbour["obstacle"], undefined> | null;
  readonly settings: readonly (readonly [name: string, value: string])[] | null;
  /** The database's row in pg_database, whose columns differ from version to version. */
  readonly traits: Readonly<Record<string, string | null>> & { readonly encoding: string };
}

/**
 * Settings that decide what statements make: where names are looked for, and how values are read. Timeouts, costs and
 * logging do not, and a scratch database must be open for writing. A name with a dot is an extension's or a project's own.
 */
export const MEANINGFUL = [
  "array_nulls",
  "DateStyle",
  "default_text_search_config",
  "default_toast_compression",
  "IntervalStyle",
  "search_path",
  "TimeZone",
  "timezone_abbreviations",
  "transform_null_equals",
  "xmloption",
];

const NEIGHBOUR = `
  select case when pg_is_in_recovery() then 'standby'
              when current_setting('default_transaction_read_only')::bool then 'read-only'
              when not (select rolcreatedb or rolsuper from pg_roles where rolname = current_user) then 'role'
          end as obstacle,
         (select json_agg(json_build_array(name, coalesce(reset_val, current_setting(name, true))))
            from (select distinct split_part(unnest(setconfig), '=', 1) as name from pg_db_role_setting
                   where setdatabase in (0, (select oid from pg_database where datname = current_database()))
                     and setrole in (0, (select oid from pg_roles where rolname = session_user))) own
            left join pg_settings known using (name)
           where name = any ('{${MEANINGFUL.join(",")}}') or name ~ '[.]') as settings,
         (select to_jsonb(d) || jsonb_build_object('encoding', pg_encoding_to_char(d.encoding))
            from pg_database d where datname = current_database()) as traits`;

const PROVIDERS: Readonly<Record<string, string>> = { b: "builtin", c: "libc", i: "icu" };

/** Version 15 brought the provider, 17 renamed the locale of those that are not libc's. */
function localeOptions(row: NeighbourRow["traits"]): Record<string, string> {
  const provider = PROVIDERS[row["datlocprovider"] ?? ""];
  const locale = row["datlocale"] ?? row["daticulocale"];
  const options = {
    encoding: row.encoding,
    lc_collate: row["datcollate"],
    lc_ctype: row["datctype"],
    locale_provider: provider,
    icu_locale: provider === "icu" ? locale : undefined,
    icu_rules: row["daticurules"],
    builtin_locale: provider === "builtin" ? locale : undefined,
  };
  return Object.fromEntries(
    Object.entries(options).filter((option): option is [string, string] => typeof option[1] === "string"),
  );
}

/** How a database sorts, for people; undefined when it goes by code points or bytes, as the embedded engine does. */
export function sortingOf({ locale }: DatabaseTraits): string | undefined {
  const name = locale["icu_locale"] ?? locale["builtin_locale"] ?? locale["lc_collate"] ?? "C";
  return /^(?:C|POSIX|C\.UTF-?8|PG_UNICODE_FAST|ucs_basic)$/i.test(name) ? undefined : name;
}
