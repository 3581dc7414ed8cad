import { nearest } from "#errors/suggest.ts";
import { PARAMETERS } from "./connection-parameters.ts";

/** Every key of an environment file, by section. docs/formats.md describes the same list. */
export const KEYS = {
  "": [
    "name",
    "database",
    "include_dirs",
    "exclude_dirs",
    "migrations",
    "backfill",
    "build",
    "drift",
    "scratch",
    "protected",
    "limits",
    "sync",
  ],
  database: ["url", ...PARAMETERS, "engine", "path"],
  include_dirs: ["path", "recursive", "include", "exclude"],
  migrations: [
    "dir",
    "layout",
    "table",
    "lock_wait",
    "lock_timeout",
    "concurrently_lock_timeout",
    "statement_timeout",
    "contract",
    "names",
  ],
  backfill: ["max_lag", "max_wal_backlog", "pause_when"],
  build: ["order", "reset_between_files"],
  drift: ["ignore"],
  scratch: ["url"],
  limits: ["lock", "long_lock", "rows", "data_loss"],
  sync: ["replace"],
} as const;

export type Section = keyof typeof KEYS;

/** What other tools call our keys; too far from ours for a spelling suggestion. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  dbname: "database",
  db: "database",
  name: "database",
  username: "user",
  role: "user",
  pass: "password",
  pwd: "password",
  passwd: "password",
  hostname: "host",
  server: "host",
  uri: "url",
  dsn: "url",
  database_url: "url",
  ssl: "sslmode",
  schema_dirs: "include_dirs",
  migrations_dir: "dir",
  directory: "dir",
  folder: "dir",
};

const SECRET_KEYS: ReadonlySet<string> = new Set(["password", "sslpassword", "url", "database", "options"]);

const ALL_KEYS: ReadonlySet<string> = new Set(Object.values(KEYS).flat());

/**
 * Whether the value of a key may be shown in an error: that of a known one that holds no secret, or of a word that is
 * nearly such a one.
 */
export function isShowable(key: string): boolean {
  if (ALL_KEYS.has(key)) return !SECRET_KEYS.has(key);
  if (/pass|pw|secret|token|cred|key/i.test(key)) return false;
  const meant = Object.hasOwn(SYNONYMS, key.toLowerCase()) ? SYNONYMS[key.toLowerCase()] : nearest(key, ALL_KEYS);
  return meant !== undefined && !SECRET_KEYS.has(meant);
}
