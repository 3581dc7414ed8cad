import type { Config, IncludeDir } from "./config.ts";
import { DEFAULT_INCLUDE_DIR, DEFAULT_LIMITS } from "./config.ts";
import { type ParameterName, PARAMETERS } from "./connection-parameters.ts";
import type { ServerTarget } from "#database/target.ts";
import { formatDuration } from "#sql/duration.ts";

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
  const { target, migrations, backfill } = config;
  const limits = config.limits ?? (config.protected ? DEFAULT_LIMITS : undefined);
  const values: Record<string, string> = {
    environment: config.environment ?? "(none)",
    "database.engine": target.engine,
  };
  if (target.engine === "embedded") {
    values["database.path"] = target.path ?? ":memory:";
  } else {
    const shown = describeServer(target);
    for (const name of PARAMETERS) {
      const value = config.connection[name] ?? shown[name] ?? DEFAULTS[name] ?? "";
      values[`database.${name}`] = value === "" ? NOT_SET : value;
    }
  }
  Object.assign(values, {
    include_dirs: list(config.includeDirs.map(describeIncludeDir)),
    exclude_dirs: list(config.excludeDirs),
    "migrations.dir": migrations.dir,
    "migrations.layout": migrations.layout,
    "migrations.table": migrations.table,
    "migrations.lock_wait": formatDuration(migrations.lockWait),
    "migrations.lock_timeout": formatDuration(migrations.lockTimeout),
    "migrations.concurrently_lock_timeout": formatDuration(migrations.concurrentlyLockTimeout),
    "migrations.statement_timeout": formatDuration(migrations.statementTimeout),
    "migrations.contract": migrations.contract,
    "migrations.names": migrations.names,
    "backfill.max_lag": backfill.maxLag === undefined ? NOT_SET : formatDuration(backfill.maxLag),
    "backfill.max_wal_backlog":
      backfill.maxWalBacklog === undefined ? NOT_SET : `${backfill.maxWalBacklog / 2 ** 20}MB`,
    "backfill.pause_when": backfill.pauseWhen ?? NOT_SET,
    "build.order": config.build.order,
    "build.reset_between_files": String(config.build.resetBetweenFiles),
    "drift.ignore": list(config.drift.ignore),
    "scratch.url": config.scratchUrl === undefined ? NOT_SET : config.scratchUrl.toString(),
    protected: String(config.protected),
    "limits.lock": limits?.lock ?? NOT_SET,
    "limits.long_lock": limits?.longLock ?? NOT_SET,
    "limits.rows": limits === undefined ? NOT_SET : String(limits.rows),
    "limits.data_loss": limits === undefined ? NOT_SET : String(limits.dataLoss),
    "sync.replace": String(config.syncReplace),
  });
  return Object.entries(values).map(([key, value]) => ({ key, value, origin: config.origins[key] ?? "default" }));
}

const NOT_SET = "(not set)";

/** What holds where nothing is said, of what the target then leaves out. */
const DEFAULTS: Readonly<Partial<Record<ParameterName, string>>> = {
  target_session_attrs: "any",
  sslcertmode: "allow",
  ssl_min_protocol_version: "TLSv1.2",
  channel_binding: "prefer",
  keepalives: "1",
  keepalives_idle: "30s",
};

function describeServer(target: ServerTarget): Readonly<Partial<Record<ParameterName, string>>> {
  const { tls, authentication } = target;
  const addresses = [target, ...(target.alternatives ?? [])];
  const ports = addresses.map(({ port }) => port);
  const shown: Partial<Record<ParameterName, string | undefined>> = {
    host: addresses.map(({ host }) => host).join(","),
    port: new Set(ports).size === 1 ? String(target.port) : ports.join(","),
    database: target.database,
    user: target.user,
    password: addresses.find(({ password }) => password !== undefined)?.password?.toString(),
    target_session_attrs: target.sessionAttributes,
    load_balance_hosts: target.loadBalance === true ? "random" : "disable",
    sslmode: tls.mode,
    sslnegotiation: tls.direct === true ? "direct" : "postgres",
    sslrootcert: tls.rootCert,
    sslcrl: tls.crl,
    sslcrldir: tls.crlDir,
    sslcert: tls.cert,
    sslkey: tls.key,
    sslpassword: tls.keyPassword?.toString(),
    sslsni: tls.sni === false ? "0" : "1",
    ssl_min_protocol_version: tls.minVersion,
    ssl_max_protocol_version: tls.maxVersion,
    require_auth: authentication?.methods?.join(","),
    channel_binding: authentication?.channelBinding,
    connect_timeout: formatDuration(target.connectTimeout),
    keepalives_idle: target.keepalive === undefined ? undefined : `${target.keepalive}s`,
    application_name: target.applicationName,
    options: target.options,
  };
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

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
