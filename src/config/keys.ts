import { PARAMETERS } from "./connection-parameters.ts";

/** Every key of an environment file, by section. docs/formats.md describes the same list. */
export const KEYS = {
  "": ["name", "database", "include_dirs", "exclude_dirs", "migrations", "build", "drift", "scratch", "protected"],
  database: ["url", ...PARAMETERS, "engine", "path"],
  include_dirs: ["path", "recursive", "include", "exclude"],
  migrations: ["dir", "layout", "table", "lock_wait", "lock_timeout", "statement_timeout"],
  build: ["reset_between_files"],
  drift: ["ignore"],
  scratch: ["url"],
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

/** Keys whose value may be shown in an error. */
export const SHOWABLE_KEYS: ReadonlySet<string> = new Set(
  Object.values(KEYS)
    .flat()
    .filter((key) => !SECRET_KEYS.has(key)),
);
