import {
  DEFAULT_BACKFILL,
  DEFAULT_BUILD,
  DEFAULT_DRIFT,
  DEFAULT_INCLUDE_DIR,
  DEFAULT_LIMITS,
  DEFAULT_MIGRATIONS,
  type BackfillConfig,
  type BuildConfig,
  type DriftConfig,
  type IncludeDir,
  type LimitsConfig,
  LOCK_LIMITS,
  type MigrationsConfig,
} from "./config.ts";
import { nearest } from "#errors/suggest.ts";
import { Secret } from "#database/target.ts";
import { NAME_BYTES } from "#sql/clip-name.ts";
import { parseDuration } from "#sql/duration.ts";
import type { TreeReader } from "./read-tree.ts";
import { not, oneOf, type Setting, type TextSetting } from "./setting.ts";
import type { MapNode, TreeNode } from "#files/yaml-tree.ts";

/** Everything an environment file says apart from the database. */
export interface Settings {
  readonly includeDirs: readonly IncludeDir[];
  readonly excludeDirs: readonly string[];
  readonly migrations: MigrationsConfig;
  readonly backfill: BackfillConfig;
  readonly build: BuildConfig;
  readonly drift: DriftConfig;
  readonly syncReplace: boolean;
  readonly scratchUrl: Secret | undefined;
  readonly protected: boolean;
  readonly limits: LimitsConfig | undefined;
  readonly origins: Readonly<Record<string, string>>;
}

export const DEFAULT_SETTINGS: Settings = {
  includeDirs: [DEFAULT_INCLUDE_DIR],
  excludeDirs: [],
  migrations: DEFAULT_MIGRATIONS,
  backfill: DEFAULT_BACKFILL,
  build: DEFAULT_BUILD,
  drift: DEFAULT_DRIFT,
  scratchUrl: undefined,
  protected: false,
  limits: undefined,
  syncReplace: false,
  origins: {
    include_dirs: "default",
    exclude_dirs: "default",
    "migrations.dir": "default",
    "migrations.layout": "default",
    "migrations.table": "default",
    "migrations.lock_wait": "default",
    "migrations.lock_timeout": "default",
    "migrations.concurrently_lock_timeout": "default",
    "migrations.statement_timeout": "default",
    "migrations.contract": "default",
    "migrations.names": "default",
    "backfill.max_lag": "default",
    "backfill.max_wal_backlog": "default",
    "backfill.pause_when": "default",
    "build.order": "default",
    "build.reset_between_files": "default",
    "drift.ignore": "default",
    "scratch.url": "default",
    protected: "default",
    "limits.lock": "default",
    "limits.long_lock": "default",
    "limits.rows": "default",
    "limits.data_loss": "default",
    "sync.replace": "default",
  },
};

/**
 * Reads the settings, and checks the keys of the whole file.
 * @param environment the file's name, which `name` must repeat
 * @param layouts what `migrations.layout` may be besides `auto`; anything when undefined
 * @throws ConfitureError `config_unknown_key`, `config_invalid` or `config_unset_variable`, with the line
 */
export function readSettings(
  reader: TreeReader,
  root: MapNode,
  environment: string,
  layouts: readonly string[] | undefined,
): Settings {
  reader.checkAllKeys(root);
  const name = reader.text(root, "name");
  if (name !== undefined && name.value !== environment) {
    throw name.fail(`must be "${environment}", as in the file's name${not(name)}`);
  }
  const origins: Record<string, string> = { ...DEFAULT_SETTINGS.origins };
  const take = <T>(key: string, setting: { value: T; origin: string } | undefined, otherwise: T): T => {
    if (setting === undefined) return otherwise;
    origins[key] = setting.origin;
    return setting.value;
  };

  const include = reader.list(root, "include_dirs");
  if (include !== undefined) origins["include_dirs"] = include.origin;
  const exclude = reader.texts(root, "exclude_dirs");
  if (exclude !== undefined) origins["exclude_dirs"] = exclude.origin;

  const empty: MapNode = { kind: "map", entries: new Map(), offset: 0 };
  const migrations = reader.map(root, "migrations") ?? empty;
  const backfill = reader.map(root, "backfill") ?? empty;
  const build = reader.map(root, "build") ?? empty;
  const ignore = reader.texts(reader.map(root, "drift") ?? empty, "ignore");
  if (ignore !== undefined) origins["drift.ignore"] = ignore.origin;
  const limits = reader.map(root, "limits");
  const isProtected = take("protected", reader.boolean(root, "protected"), false);
  const migrationsDuration = (key: string, otherwise: number): number =>
    take(`migrations.${key}`, duration(reader.text(migrations, key)), otherwise);

  return {
    includeDirs: include?.items.map((item) => includeDir(reader, item)) ?? DEFAULT_SETTINGS.includeDirs,
    excludeDirs: exclude?.values ?? DEFAULT_SETTINGS.excludeDirs,
    migrations: {
      dir: take("migrations.dir", reader.text(migrations, "dir"), DEFAULT_MIGRATIONS.dir),
      layout: take(
        "migrations.layout",
        layoutName(reader.text(migrations, "layout"), layouts),
        DEFAULT_MIGRATIONS.layout,
      ),
      table: take("migrations.table", tableName(reader.text(migrations, "table")), DEFAULT_MIGRATIONS.table),
      lockWait: migrationsDuration("lock_wait", DEFAULT_MIGRATIONS.lockWait),
      lockTimeout: migrationsDuration("lock_timeout", DEFAULT_MIGRATIONS.lockTimeout),
      concurrentlyLockTimeout: migrationsDuration(
        "concurrently_lock_timeout",
        DEFAULT_MIGRATIONS.concurrentlyLockTimeout,
      ),
      statementTimeout: migrationsDuration("statement_timeout", DEFAULT_MIGRATIONS.statementTimeout),
      contract: take(
        "migrations.contract",
        contracts(reader.text(migrations, "contract")),
        isProtected ? "manual" : "auto",
      ),
      names: take("migrations.names", generatedNames(reader.text(migrations, "names")), DEFAULT_MIGRATIONS.names),
    },
    backfill: {
      maxLag: take("backfill.max_lag", duration(reader.text(backfill, "max_lag")), undefined),
      maxWalBacklog: take("backfill.max_wal_backlog", bytes(reader.text(backfill, "max_wal_backlog")), undefined),
      pauseWhen: take("backfill.pause_when", reader.text(backfill, "pause_when"), undefined),
    },
    build: {
      order: take("build.order", schemaOrder(reader.text(build, "order")), DEFAULT_BUILD.order),
      resetBetweenFiles: take(
        "build.reset_between_files",
        reader.boolean(build, "reset_between_files"),
        DEFAULT_BUILD.resetBetweenFiles,
      ),
    },
    drift: { ignore: ignore?.values ?? DEFAULT_DRIFT.ignore },
    scratchUrl: take("scratch.url", scratchUrl(reader.text(reader.map(root, "scratch") ?? empty, "url")), undefined),
    protected: isProtected,
    limits: limits && {
      lock: take("limits.lock", lockLimit(reader.text(limits, "lock")), DEFAULT_LIMITS.lock),
      longLock: take("limits.long_lock", lockLimit(reader.text(limits, "long_lock")), DEFAULT_LIMITS.longLock),
      rows: take("limits.rows", rowCount(reader.text(limits, "rows")), DEFAULT_LIMITS.rows),
      dataLoss: take("limits.data_loss", reader.boolean(limits, "data_loss"), DEFAULT_LIMITS.dataLoss),
    },
    syncReplace: take("sync.replace", reader.boolean(reader.map(root, "sync") ?? empty, "replace"), false),
    origins,
  };
}

function includeDir(reader: TreeReader, node: TreeNode): IncludeDir {
  if (node.kind !== "map") return { ...DEFAULT_INCLUDE_DIR, path: reader.requiredText(node, "include_dirs") };
  const path = reader.text(node, "path");
  if (path === undefined) throw reader.fail(node.offset, 'An item of "include_dirs" has no "path"');
  return {
    path: path.value,
    recursive: reader.boolean(node, "recursive")?.value ?? DEFAULT_INCLUDE_DIR.recursive,
    include: reader.texts(node, "include")?.values ?? DEFAULT_INCLUDE_DIR.include,
    exclude: reader.texts(node, "exclude")?.values ?? DEFAULT_INCLUDE_DIR.exclude,
  };
}

function duration(setting: TextSetting | undefined): { value: number; origin: string } | undefined {
  if (setting === undefined) return undefined;
  const value = parseDuration(setting.value);
  if (value !== undefined) return { value, origin: setting.origin };
  const bare = /^\d+$/.test(setting.value) && setting.quoted !== "";
  throw setting.fail(
    `must be a duration such as 30s, 500ms, 5min or 1h${not(setting)}`,
    bare ? `Write ${setting.value}s for seconds or ${setting.value}ms for milliseconds.` : undefined,
  );
}

function scratchUrl(setting: TextSetting | undefined): { value: Secret; origin: string } | undefined {
  if (setting === undefined) return undefined;
  if (setting.value !== "embedded" && !/^postgres(ql)?:/.test(setting.value)) {
    throw setting.fail("must be the postgres:// URL of a server, or embedded");
  }
  return { value: new Secret(setting.value), origin: setting.origin };
}

function layoutName(setting: TextSetting | undefined, layouts: readonly string[] | undefined): TextSetting | undefined {
  if (setting === undefined || layouts === undefined) return setting;
  const known = ["auto", ...layouts];
  if (known.includes(setting.value)) return setting;
  const suggestion = nearest(setting.value, known);
  throw setting.fail(
    `must name a layout${not(setting)}`,
    suggestion === undefined ? `Layouts are ${known.join(", ")}.` : `Did you mean "${suggestion}"?`,
  );
}

function schemaOrder(setting: TextSetting | undefined): Setting<BuildConfig["order"]> | undefined {
  return setting && { value: oneOf(setting, ["path", "dependencies"]), origin: setting.origin };
}

function lockLimit(setting: TextSetting | undefined): Setting<LimitsConfig["lock"]> | undefined {
  return setting && { value: oneOf(setting, LOCK_LIMITS), origin: setting.origin };
}

function contracts(setting: TextSetting | undefined): Setting<"auto" | "manual"> | undefined {
  return setting && { value: oneOf(setting, ["auto", "manual"]), origin: setting.origin };
}

function generatedNames(setting: TextSetting | undefined): Setting<"qualified" | "short"> | undefined {
  return setting && { value: oneOf(setting, ["qualified", "short"]), origin: setting.origin };
}

const SIZES: Readonly<Record<string, number>> = { kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

/** A number and a unit, as PostgreSQL writes sizes. */
function bytes(setting: TextSetting | undefined): Setting<number> | undefined {
  if (setting === undefined) return undefined;
  const [, number, unit = ""] = /^(\d+)\s*(kB|MB|GB|TB)$/.exec(setting.value) ?? [];
  const factor = SIZES[unit];
  if (number !== undefined && factor !== undefined) return { value: Number(number) * factor, origin: setting.origin };
  throw setting.fail(`must be a size such as 512MB or 10GB${not(setting)}`);
}

function rowCount(setting: TextSetting | undefined): Setting<number> | undefined {
  if (setting === undefined) return undefined;
  const value = Number(setting.value.replaceAll("_", ""));
  if (/^[\d_]+$/.test(setting.value) && Number.isSafeInteger(value)) return { value, origin: setting.origin };
  throw setting.fail(`must be a number of rows, such as 100000${not(setting)}`);
}

/** `table` or `schema.table` in plain identifiers, so that it can be quoted without being parsed. */
function tableName(setting: TextSetting | undefined): TextSetting | undefined {
  if (setting === undefined) return undefined;
  const parts = setting.value.split(".");
  const plain = parts.length <= 2 && parts.every((part) => /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(part));
  if (!plain || parts.some((part) => Buffer.byteLength(part) > NAME_BYTES)) {
    throw setting.fail(
      `must be a table or schema.table${not(setting)}`,
      "Each part is letters, digits and _, at most 63 bytes, without quotes.",
    );
  }
  return setting;
}
