import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { settingList } from "#sql/search-path.ts";
import { MEANINGFUL } from "#scratch/site.ts";
import type { PlannedFile } from "./statements.ts";

/** What a database sets for its sessions (ALTER DATABASE ... SET). */
export interface DatabaseSettings {
  /** Those that decide what statements mean, as their catalogue has them. */
  readonly meaningful: readonly { readonly name: string; readonly value: string }[];
  /** Names of others, which belong to one server, or may be secret; "role.name" for those of one role. */
  readonly others: readonly string[];
}

/** Reads the settings of the database itself. */
export async function readDatabaseSettings(database: Database): Promise<DatabaseSettings> {
  const rows = await queryCatalogue<{ role: string | null; name: string; value: string }>(database, SETTINGS);
  const isMeaningful = ({ role, name }: (typeof rows)[number]): boolean =>
    role === null && MEANINGFUL.some((known) => known.toLowerCase() === name.toLowerCase());
  return {
    meaningful: rows.filter(isMeaningful).map(({ name, value }) => ({ name, value })),
    others: rows
      .filter((row) => !isMeaningful(row))
      .map(({ role, name }) => (role === null ? name : `${role}.${name}`)),
  };
}

const SETTINGS = `
  select r.rolname::text as role, split_part(entry, '=', 1) as name, substr(entry, strpos(entry, '=') + 1) as value
    from pg_db_role_setting s
    join pg_database d on d.oid = s.setdatabase and d.datname = current_database()
    cross join lateral unnest(s.setconfig) as entry
    left join pg_roles r on r.oid = s.setrole
   where s.setrole = 0 or r.oid is not null
   order by 1 nulls first, 2`;

/** The file that sets them for whichever database is built; none where there is nothing to set. Pure. */
export function settingsFile({ meaningful }: Pick<DatabaseSettings, "meaningful">): PlannedFile[] {
  if (meaningful.length === 0) return [];
  const lines = meaningful.map(({ name, value }) => {
    const values = name === "search_path" ? settingList(value).map(quoteLiteral).join(", ") : quoteLiteral(value);
    return `    EXECUTE format('ALTER DATABASE %I SET %I = %s', current_database(), ${quoteLiteral(name)}, ${quoteLiteral(values)});`;
  });
  const sql = `DO $settings$\nBEGIN\n${lines.join("\n")}\nEND\n$settings$`;
  return [{ path: "00_common/00_database.sql", statements: [sql], ahead: false }];
}
