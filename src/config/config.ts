import type { Location } from "#errors/error.ts";
import type { Secret, Target } from "#database/target.ts";

/** What one run works with. Deeply frozen; printing it never shows a password. */
export interface Config {
  /** The project root as the caller gave it; relative paths below are relative to it. */
  readonly projectDir: string;
  /** The name of the environment, or null when a URL stood in for one. */
  readonly environment: string | null;
  /** The environment file, relative to the project root, or null when there is none. */
  readonly file: string | null;
  readonly target: Target;
  /** Where the URL came from that stands in place of the environment's database: "--database-url". Null without one. */
  readonly urlOrigin: string | null;
  readonly includeDirs: readonly IncludeDir[];
  /** Folders left out, as written. */
  readonly excludeDirs: readonly string[];
  readonly migrations: MigrationsConfig;
  readonly backfill: BackfillConfig;
  readonly build: BuildConfig;
  readonly drift: DriftConfig;
  /** The server for scratch databases, or "embedded"; undefined leaves the choice to the command. */
  readonly scratchUrl: Secret | undefined;
  /** Destructive commands need `--yes NAME`. */
  readonly protected: boolean;
  /** The protected environment that has the same database, where it is not this one that says it. */
  readonly protectedBy: { readonly name: string; readonly file: string } | undefined;
  /** Whether `sync` may put a copy of another database in the place of this one. */
  readonly syncReplace: boolean;
  /** What `migrate up` may do on a protected environment without being confirmed; undefined where it is not said (`DEFAULT_LIMITS`, for locks). */
  readonly limits: LimitsConfig | undefined;
  /** Where each setting came from, by its dotted key ("database.host"), in the order of `describeConfig`. */
  readonly origins: Readonly<Record<string, string>>;
  /** Values of connection settings that the target does not hold, by the key under `database`. */
  readonly connection: Readonly<Record<string, string>>;
  readonly warnings: readonly ConfigWarning[];
}

/** A folder of schema files. Patterns are globs relative to `path`. */
export interface IncludeDir {
  /** As written. */
  readonly path: string;
  readonly recursive: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Durations are milliseconds; 0 is PostgreSQL's "no limit" for the timeouts and "do not wait" for `lockWait`. */
export interface MigrationsConfig {
  /** As written. */
  readonly dir: string;
  /** `table` or `schema.table`, as written. */
  readonly table: string;
  /** How the folder is laid out: a tool's name, or `auto`. */
  readonly layout: string;
  readonly lockWait: number;
  readonly lockTimeout: number;
  /** In the place of `lockTimeout` for what nobody waits for while it waits: CONCURRENTLY, VALIDATE CONSTRAINT. */
  readonly concurrentlyLockTimeout: number;
  readonly statementTimeout: number;
  /** `manual`: contracts wait until somebody asks for them. */
  readonly contract: "auto" | "manual";
  /** How generated migrations name what is in the schema "public": `qualified`, or `short`, without it. */
  readonly names: "qualified" | "short";
}

/** When backfills hold back; nothing is looked at where a value is undefined. */
export interface BackfillConfig {
  /** Milliseconds that a replica may be behind. */
  readonly maxLag: number | undefined;
  /** Bytes of WAL that may wait for the archive or for a replication slot. */
  readonly maxWalBacklog: number | undefined;
  /** A query that returns true while they are to wait. */
  readonly pauseWhen: string | undefined;
}

export interface BuildConfig {
  /** `path`, or `dependencies`: each schema file after those that make what it needs. */
  readonly order: "path" | "dependencies";
  /** Each schema file starts with clean session settings. */
  readonly resetBetweenFiles: boolean;
}

export interface DriftConfig {
  /** Globs on qualified names of objects that are no concern of the project. */
  readonly ignore: readonly string[];
}

/** PostgreSQL's lock modes that an environment can allow, the weakest first. */
export const LOCK_LIMITS = [
  "share_update_exclusive",
  "share",
  "share_row_exclusive",
  "exclusive",
  "access_exclusive",
] as const;

export interface LimitsConfig {
  /** The strongest lock on a table that has more rows than `rows`. */
  readonly lock: (typeof LOCK_LIMITS)[number];
  /** The strongest lock on any table while one that has more rows than `rows` is rewritten or read. */
  readonly longLock: (typeof LOCK_LIMITS)[number];
  readonly rows: number;
  readonly dataLoss: boolean;
}

/** Something the user should know that does not stop the work. */
export interface ConfigWarning {
  readonly message: string;
  readonly location?: Location;
  /** What it is about, where it may be said in several ways: said once. */
  readonly about?: string;
  /** It is about the connection, and nothing to somebody who makes none. */
  readonly connection?: true;
}

export const DEFAULT_LIMITS: LimitsConfig = {
  lock: "share_update_exclusive",
  longLock: "share_update_exclusive",
  rows: 100_000,
  dataLoss: false,
};

export const DEFAULT_ENVIRONMENT = "local";

export const DEFAULT_INCLUDE_DIR: IncludeDir = {
  path: "db/schema",
  recursive: true,
  include: ["**/*.sql"],
  exclude: [],
};

export const DEFAULT_MIGRATIONS: MigrationsConfig = {
  dir: "db/migrations",
  table: "confiture_migrations",
  layout: "auto",
  lockWait: 30_000,
  lockTimeout: 5_000,
  concurrentlyLockTimeout: 0,
  statementTimeout: 0,
  contract: "manual",
  names: "qualified",
};

export const DEFAULT_BACKFILL: BackfillConfig = {
  maxLag: undefined,
  maxWalBacklog: undefined,
  pauseWhen: undefined,
};

export const DEFAULT_DRIFT: DriftConfig = { ignore: [] };

export const DEFAULT_BUILD: BuildConfig = { order: "path", resetBetweenFiles: false };

/** Freezes `value` and everything reachable from it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
