export type First =
  | { readonly sql: string }
  | { readonly run: readonly string[] }
  | { readonly write: Readonly<Record<string, string>> };

/** One command that writes, in a project and database where it has something to do. */
export interface Trial {
  readonly command: readonly string[];
  /** By path in the project. */
  readonly files?: Readonly<Record<string, string>>;
  /** What comes before it, in this order. */
  readonly first?: readonly First[];
  /** A stage that may stand between: what its first part alone does. */
  readonly between?: readonly string[];
  /** What goes on from there; the command itself when undefined. */
  readonly onward?: readonly string[];
  /** It commits piece by piece and goes on where it was: any state may stand between. */
  readonly byPieces?: boolean;
  /** What is in the database of the environment `source`. */
  readonly source?: string;
}

const SCHEMA = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [
    `db/schema/${10 + n}_t.sql`,
    `CREATE TABLE s${n} (id int PRIMARY KEY, a text);\nINSERT INTO s${n} SELECT n, 'x' FROM generate_series(1, 200) n;\nCREATE INDEX ON s${n} (a);\n`,
  ]),
);
const MIGRATIONS = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [
    `db/migrations/${String(n + 1).padStart(3, "0")}_m.sql`,
    `-- migrate:up\nCREATE TABLE m${n} (id int);\n-- migrate:down\nDROP TABLE m${n};\n`,
  ]),
);
const OF_FLYWAY = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [`db/migrations/V${n + 1}__m.sql`, `CREATE TABLE m${n} (id int);\n`]),
);
const STOPS = {
  "db/migrations/001_stops.sql": "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT 1 / 0;\n",
};
/** Schema files that a migration changes, makes more of, and takes away. */
const FOLLOWING = {
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`db/schema/f${n}.sql`, `CREATE TABLE f${n} (\n    id int\n);\n`]),
  ),
  "db/migrations/base.sql": Array.from({ length: 12 }, (_, n) => `CREATE TABLE f${n} (id int);\n`).join(""),
  "db/migrations/001_follow.sql": `${Array.from({ length: 10 }, (_, n) => `ALTER TABLE f${n} ADD COLUMN a text;\n`).join("")}CREATE TABLE f20 (id int);\nDROP TABLE f11;\n`,
};
const EDITED = {
  "db/migrations/001_m.sql": "-- edited\n-- migrate:up\nCREATE TABLE m0 (id int);\n-- migrate:down\nDROP TABLE m0;\n",
};
/** Stands for the URL of the trial's own database. */
export const DATABASE = "DATABASE";
const OLD = "CREATE TABLE old AS SELECT generate_series(1, 1000) AS id";
const LIVE = Array.from({ length: 12 }, (_, n) => `CREATE TABLE live${n} (id int PRIMARY KEY, a text)`).join("; ");

/** Every change to a row adds to its number: what is done twice shows. */
const BACKFILL = {
  "db/migrations/001_old.sql":
    "CREATE TABLE old (id int PRIMARY KEY, done bool, times int DEFAULT 0);\nINSERT INTO old SELECT generate_series(1, 3000);\n",
  "db/migrations/002_fill.sql":
    "-- migrate:up backfill:public.old batch:50\nUPDATE old SET done = true, times = times + 1 WHERE done IS NULL;\n-- migrate:down\n",
};
const RISKY = {
  "db/migrations/001_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n",
  "db/migrations/002_more.sql":
    "-- migrate:up\nALTER TABLE users ADD COLUMN city text;\nCREATE INDEX users_city ON users (city);\nCREATE INDEX users_name ON users (name);\n",
};

const OLDER_SCRIPT = "-- The schema of this project, assembled from 2 files by confiture build.\n";

export const TRIALS: readonly Trial[] = [
  { command: ["build"], files: SCHEMA },
  { command: ["build", "--fresh"], files: SCHEMA, first: [{ sql: OLD }] },
  { command: ["build", "--baseline"], files: { ...SCHEMA, ...MIGRATIONS }, between: ["build"] },
  { command: ["build", "--output", "schema.sql"], files: { ...SCHEMA, "./schema.sql": OLDER_SCRIPT } },
  { command: ["migrate", "baseline"], files: MIGRATIONS },
  {
    command: ["migrate", "redo", "--steps", "1"],
    files: MIGRATIONS,
    first: [{ run: ["migrate", "up"] }],
    between: ["migrate", "down"],
    onward: ["migrate", "up"],
  },
  { command: ["migrate", "up"], files: BACKFILL, first: [{ run: ["migrate", "up", "--no-backfill"] }], byPieces: true },
  { command: ["migrate", "resolve", "001", "--applied"], files: STOPS, first: [{ run: ["migrate", "up"] }] },
  { command: ["migrate", "resolve", "001", "--rolled-back"], files: STOPS, first: [{ run: ["migrate", "up"] }] },
  { command: ["migrate", "accept", "001"], files: MIGRATIONS, first: [{ run: ["migrate", "up"] }, { write: EDITED }] },
  { command: ["migrate", "new", "next"], files: MIGRATIONS },
  { command: ["migrate", "base"], files: { "db/schema/users.sql": "CREATE TABLE users (id int);\n" } },
  { command: ["migrate", "squash", "--through", "001"], files: MIGRATIONS },
  { command: ["schema", "update", "--yes"], files: FOLLOWING },
  { command: ["migrate", "generate", "next"], files: { "db/schema/users.sql": "CREATE TABLE users (id int);\n" } },
  { command: ["migrate", "import"], files: OF_FLYWAY },
  { command: ["init"] },
  { command: ["init", "--from", DATABASE, "--env", "live"], first: [{ sql: LIVE }] },
  { command: ["export"], first: [{ sql: LIVE }] },
  {
    command: ["export", "--baseline"],
    files: MIGRATIONS,
    first: [{ sql: LIVE }],
    between: ["export"],
    onward: ["migrate", "baseline"],
  },
  {
    command: ["snapshot", "--output", "snapshot.json"],
    files: { "./snapshot.json": '{ "format": "confiture-snapshot" }\n' },
    first: [{ sql: LIVE }],
  },
  { command: ["lint", "db/migrations/002_more.sql", "--fix"], files: RISKY },
  {
    command: ["db", "sql", "-f", "script.sql"],
    files: {
      "./script.sql": `BEGIN;\n${Array.from({ length: 200 }, (_, n) => `CREATE TABLE q${n} (id int);\n`).join("")}COMMIT;\n`,
    },
  },
  { command: ["sync", "init", "--from", "local"], first: [{ sql: LIVE }] },
  {
    command: ["sync", "run", "--from", "source", "--to", "local", "--plain", "--yes", "local"],
    first: [{ sql: OLD }],
    source: LIVE,
  },
];
