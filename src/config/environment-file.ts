import type { EmbeddedTarget } from "#database/target.ts";
import { isAbsolute, join } from "node:path";
import {
  DEFAULT_BUILD,
  DEFAULT_INCLUDE_DIR,
  DEFAULT_MIGRATIONS,
  type BuildConfig,
  type IncludeDir,
  type MigrationsConfig,
} from "./config.ts";
import { PARAMETERS, type Parameters } from "./connection-parameters.ts";
import { parseConnectionText } from "./connection-text.ts";
import { parseDuration } from "./duration.ts";
import { present, type TreeReader } from "./read-tree.ts";
import { not, type TextSetting } from "./setting.ts";
import type { MapNode, TreeNode } from "./yaml-tree.ts";

/** Everything an environment file says apart from the database. */
export interface Settings {
  readonly includeDirs: readonly IncludeDir[];
  readonly excludeDirs: readonly string[];
  readonly migrations: MigrationsConfig;
  readonly build: BuildConfig;
  readonly protected: boolean;
  readonly origins: Readonly<Record<string, string>>;
}

export const DEFAULT_SETTINGS: Settings = {
  includeDirs: [DEFAULT_INCLUDE_DIR],
  excludeDirs: [],
  migrations: DEFAULT_MIGRATIONS,
  build: DEFAULT_BUILD,
  protected: false,
  origins: {
    include_dirs: "default",
    exclude_dirs: "default",
    "migrations.dir": "default",
    "migrations.table": "default",
    "migrations.lock_wait": "default",
    "migrations.lock_timeout": "default",
    "migrations.statement_timeout": "default",
    "build.reset_between_files": "default",
    protected: "default",
  },
};

/**
 * Reads the settings, and checks the keys of the whole file.
 * @param environment the file's name, which `name` must repeat
 * @throws ConfitureError `config_unknown_key`, `config_invalid` or `config_unset_variable`, with the line
 */
export function readSettings(reader: TreeReader, root: MapNode, environment: string): Settings {
  reader.checkKeys(root, "");
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
  const migrations = reader.section(root, "migrations") ?? empty;
  const build = reader.section(root, "build") ?? empty;
  const migrationsDuration = (key: string, otherwise: number): number =>
    take(`migrations.${key}`, duration(reader.text(migrations, key)), otherwise);

  return {
    includeDirs: include?.items.map((item) => includeDir(reader, item)) ?? DEFAULT_SETTINGS.includeDirs,
    excludeDirs: exclude?.values ?? DEFAULT_SETTINGS.excludeDirs,
    migrations: {
      dir: take("migrations.dir", reader.text(migrations, "dir"), DEFAULT_MIGRATIONS.dir),
      table: take("migrations.table", tableName(reader.text(migrations, "table")), DEFAULT_MIGRATIONS.table),
      lockWait: migrationsDuration("lock_wait", DEFAULT_MIGRATIONS.lockWait),
      lockTimeout: migrationsDuration("lock_timeout", DEFAULT_MIGRATIONS.lockTimeout),
      statementTimeout: migrationsDuration("statement_timeout", DEFAULT_MIGRATIONS.statementTimeout),
    },
    build: {
      resetBetweenFiles: take(
        "build.reset_between_files",
        reader.boolean(build, "reset_between_files"),
        DEFAULT_BUILD.resetBetweenFiles,
      ),
    },
    protected: take("protected", reader.boolean(root, "protected"), false),
    origins,
  };
}

/** What the `database` key asks for. */
export type DatabaseChoice =
  | {
      readonly engine: "server";
      readonly parameters: Parameters;
      readonly warnings: readonly string[];
      readonly origin: string;
    }
  | {
      readonly engine: "embedded";
      readonly target: EmbeddedTarget;
      readonly origin: string;
      readonly pathOrigin: string;
    };

/**
 * Checks the keys under `database` without looking at a value, for a run in which a URL replaces them: its
 * variables need not be set then.
 * @throws ConfitureError `config_unknown_key`
 */
export function checkDatabaseKeys(reader: TreeReader, root: MapNode): void {
  const node = present(root, "database")?.value;
  if (node?.kind === "map") reader.checkKeys(node, "database");
}

/**
 * Reads the `database` key: a map, or a URL by itself.
 * @param projectDir what a relative `path` is relative to
 * @throws ConfitureError as `readSettings`
 */
export function readDatabase(
  reader: TreeReader,
  root: MapNode,
  projectDir: string,
  environment: string,
): DatabaseChoice {
  const entry = present(root, "database");
  if (entry === undefined) return { engine: "server", parameters: new Map(), warnings: [], origin: "default" };
  if (entry.value.kind === "scalar") {
    const url = reader.scalarText(entry.value, "database");
    if (url === undefined) return { engine: "server", parameters: new Map(), warnings: [], origin: "default" };
    if (!/[:=]/.test(url.value)) {
      throw url.fail(
        "must be a map of keys and values, or a URL",
        "For instance:\n  database:\n    database: my_database",
      );
    }
    return { engine: "server", ...parseConnectionText(url), origin: "default" };
  }
  const section = reader.section(root, "database")!;
  const engine = reader.text(section, "engine");
  if (engine !== undefined && engine.value !== "embedded" && engine.value !== "server") {
    throw engine.fail(`must be embedded or server${not(engine)}`);
  }
  if (engine?.value === "embedded") return readEmbedded(reader, section, projectDir, environment, engine);
  const path = present(section, "path");
  if (path !== undefined) {
    throw reader.fail(
      path.offset,
      '"path" is only for the embedded engine',
      "Add `engine: embedded`, or remove `path`.",
    );
  }
  return { engine: "server", ...readServer(reader, section), origin: engine?.origin ?? "default" };
}

function readServer(reader: TreeReader, section: MapNode): { parameters: Parameters; warnings: readonly string[] } {
  refuseHiddenPassword(reader, section);
  const url = reader.text(section, "url");
  const parsed = url === undefined ? undefined : parseConnectionText(url);
  const parameters: Parameters = new Map(parsed?.parameters);
  for (const name of PARAMETERS) {
    const field = reader.text(section, name);
    if (field === undefined) continue;
    if (parameters.has(name)) {
      const { offset } = section.entries.get(name)!;
      const urlLine = reader.source.lineAt(section.entries.get("url")!.offset);
      throw reader.fail(
        offset,
        `"${name}" (line ${reader.source.lineAt(offset)}) is also set by "url" (line ${urlLine})`,
        "Give it in one place only.",
      );
    }
    parameters.set(name, field);
  }
  return { parameters, warnings: parsed?.warnings ?? [] };
}

function readEmbedded(
  reader: TreeReader,
  section: MapNode,
  projectDir: string,
  environment: string,
  engine: TextSetting,
): DatabaseChoice {
  for (const { key, offset } of section.entries.values()) {
    if (key === "engine" || key === "path" || present(section, key) === undefined) continue;
    throw reader.fail(offset, `"${key}" has no meaning for the embedded engine`, "It knows `engine` and `path` only.");
  }
  const given = reader.text(section, "path");
  const path = given?.value ?? `.confiture/${environment}`;
  const target: EmbeddedTarget =
    path === ":memory:"
      ? { engine: "embedded" }
      : { engine: "embedded", path: isAbsolute(path) ? path : join(projectDir, path) };
  return { engine: "embedded", target, origin: engine.origin, pathOrigin: given?.origin ?? "default" };
}

/** `password: #secret` is a comment to YAML: the password would vanish without a word. */
function refuseHiddenPassword(reader: TreeReader, section: MapNode): void {
  const entry = section.entries.get("password");
  if (entry === undefined || present(section, "password") !== undefined) return;
  if (!/^["']?password["']?\s*:[ \t]+#[^\s#]/.test(reader.source.text.slice(entry.offset))) return;
  throw reader.fail(
    entry.offset,
    '"password" is empty: # begins a comment',
    "Put a password that begins with # in quotes.",
  );
}

function includeDir(reader: TreeReader, node: TreeNode): IncludeDir {
  if (node.kind !== "map") return { ...DEFAULT_INCLUDE_DIR, path: reader.requiredText(node, "include_dirs") };
  reader.checkKeys(node, "include_dirs");
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

/** `table` or `schema.table` in plain identifiers, so that it can be quoted without being parsed. */
function tableName(setting: TextSetting | undefined): TextSetting | undefined {
  if (setting === undefined) return undefined;
  const parts = setting.value.split(".");
  const plain = parts.length <= 2 && parts.every((part) => /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(part));
  if (!plain || parts.some((part) => Buffer.byteLength(part) > 63)) {
    throw setting.fail(
      `must be a table or schema.table${not(setting)}`,
      "Each part is letters, digits and _, at most 63 bytes, without quotes.",
    );
  }
  return setting;
}
