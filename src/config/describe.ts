import type { Config, IncludeDir } from "./config.ts";
import { DEFAULT_INCLUDE_DIR } from "./config.ts";
import { formatDuration } from "./duration.ts";

/** One line of `confiture config show`. */
export interface ConfigRow {
  /** The key as written in an environment file, dotted ("database.host"). */
  readonly key: string;
  readonly value: string;
  /** A file and line, a variable, an option, or "default". */
  readonly origin: string;
}

/** Every effective setting and where it came from, in the order of the file format; the password starred. */
export function describeConfig(config: Config): ConfigRow[] {
  const { target, migrations } = config;
  const values: Record<string, string> = {
    environment: config.environment ?? "(none)",
    "database.engine": target.engine,
  };
  if (target.engine === "embedded") {
    values["database.path"] = target.path ?? ":memory:";
  } else {
    const { tls } = target;
    Object.assign(values, {
      "database.host": target.host,
      "database.port": String(target.port),
      "database.database": target.database,
      "database.user": target.user,
      "database.password": target.password === undefined ? NOT_SET : target.password.toString(),
      "database.sslmode": tls.mode,
      "database.sslrootcert": tls.rootCert ?? NOT_SET,
      "database.sslcert": tls.cert ?? NOT_SET,
      "database.sslkey": tls.key ?? NOT_SET,
      "database.connect_timeout": formatDuration(target.connectTimeout),
      "database.application_name": target.applicationName,
      "database.options": target.options ?? NOT_SET,
    });
  }
  Object.assign(values, {
    include_dirs: list(config.includeDirs.map(describeIncludeDir)),
    exclude_dirs: list(config.excludeDirs),
    "migrations.dir": migrations.dir,
    "migrations.layout": migrations.layout,
    "migrations.table": migrations.table,
    "migrations.lock_wait": formatDuration(migrations.lockWait),
    "migrations.lock_timeout": formatDuration(migrations.lockTimeout),
    "migrations.statement_timeout": formatDuration(migrations.statementTimeout),
    "build.reset_between_files": String(config.build.resetBetweenFiles),
    "drift.ignore": list(config.drift.ignore),
    "scratch.url": config.scratchUrl === undefined ? NOT_SET : config.scratchUrl.toString(),
    protected: String(config.protected),
  });
  return Object.entries(values).map(([key, value]) => ({ key, value, origin: config.origins[key] ?? "default" }));
}

const NOT_SET = "(not set)";

function list(items: readonly string[]): string {
  return items.length === 0 ? "(none)" : items.join(", ");
}

function describeIncludeDir(dir: IncludeDir): string {
  const notes: string[] = [];
  if (!dir.recursive) notes.push("not recursive");
  if (dir.include.join() !== DEFAULT_INCLUDE_DIR.include.join()) notes.push(`include ${dir.include.join(" ")}`);
  if (dir.exclude.length > 0) notes.push(`exclude ${dir.exclude.join(" ")}`);
  return notes.length === 0 ? dir.path : `${dir.path} (${notes.join("; ")})`;
}
