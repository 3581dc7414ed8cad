import type { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import {
  multipleHosts,
  PARAMETERS,
  type ParameterName,
  type Parameters,
  type RawConnection,
} from "./connection-parameters.ts";
import { parseConninfo } from "./conninfo.ts";
import { parseUrl } from "./connection-url.ts";
import type { TextSetting } from "./setting.ts";

export interface ConnectionText {
  readonly parameters: Parameters;
  /** Sentences about parameters that have no effect. */
  readonly warnings: readonly string[];
}

/**
 * Reads a connection URL (`postgres://`, `postgresql://`) or a conninfo string (`host=... dbname=...`), as in
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING, but one host only. An empty
 * value is as good as an absent one.
 * @throws ConfitureError made by `source.fail`, whose message never holds the text: a password with an unescaped
 * `@` or `/` can end up in any part of a URL
 */
export function parseConnectionText(source: TextSetting): ConnectionText {
  const text = source.value.trim();
  const raw = parseRaw(text, source);
  const parameters: Parameters = new Map();
  const warnings: string[] = [];
  for (const { name, value } of raw.parameters) {
    if (value === "") continue;
    if (value.includes("\0")) throw source.fail("holds a zero character");
    const known = knownName(name);
    if (known === undefined) {
      const problem = judgeUnsupported(name, value);
      if (problem === undefined) throw unknownParameter(name, raw.quotable, source);
      if (problem.fatal) throw source.fail(problem.message);
      if (problem.message !== "") warnings.push(`${source.origin}: ${problem.message}`);
      continue;
    }
    if (known === "host" && value.includes(",")) throw multipleHosts(source);
    parameters.set(known, parameterSetting(known, value, raw.quotable, source));
  }
  return { parameters, warnings };
}

function parseRaw(text: string, source: TextSetting): RawConnection {
  if (/^postgres(?:ql)?:\/\//i.test(text)) return parseUrl(text, source);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "jdbc") {
    throw source.fail(
      "is a JDBC URL",
      "Drop the jdbc: and give user and password as postgres://user:password@host/database.",
    );
  }
  if (scheme?.startsWith("postgres") === true) {
    throw source.fail("does not begin with postgres:// or postgresql://", "Drop a driver name such as +psycopg.");
  }
  if (scheme !== undefined && OTHER_SCHEMES.has(scheme)) {
    throw source.fail(
      `is a ${scheme}: URL, not one of PostgreSQL`,
      "Write postgres://user:password@host:5432/database.",
    );
  }
  if (/^[a-z_]+\s*=/i.test(text)) return parseConninfo(text, source);
  throw source.fail(
    "is not a connection URL",
    "Write postgres://user:password@host:5432/database, or host=... dbname=... user=...",
  );
}

const OTHER_SCHEMES: ReadonlySet<string> = new Set([
  "cockroachdb",
  "file",
  "http",
  "https",
  "mariadb",
  "mongodb",
  "mssql",
  "mysql",
  "mysql2",
  "oracle",
  "redis",
  "sqlite",
  "sqlite3",
  "sqlserver",
  "tcp",
]);

const PARAMETER_NAMES: ReadonlySet<string> = new Set(PARAMETERS);

function knownName(name: string): ParameterName | undefined {
  if (name === "dbname") return "database";
  // "database" is our key's name, not libpq's.
  return PARAMETER_NAMES.has(name) && name !== "database" ? (name as ParameterName) : undefined;
}

function parameterSetting(name: ParameterName, value: string, quotable: boolean, source: TextSetting): TextSetting {
  // The parts of an authority are never shown: `postgres://user:secret` has its password in the port's place.
  const quoted = quotable && !AUTHORITY.has(name) ? `"${value}"` : "";
  const shown = name === "database" ? "dbname" : name;
  return {
    value,
    origin: source.origin,
    quoted,
    fail: (problem, hint) => source.fail(`is not usable: its ${shown} ${problem}`, hint),
  };
}

const AUTHORITY: ReadonlySet<string> = new Set(["host", "port", "database", "user", "password"]);

function unknownParameter(name: string, quotable: boolean, source: TextSetting): ConfitureError {
  const names = ["dbname", ...PARAMETERS.filter((known) => known !== "database")];
  const list = `Known parameters: ${names.join(", ")}.`;
  if (!quotable || !/^\w{1,40}$/.test(name)) {
    return source.fail("has an unknown parameter", `${list} A & in a password is written %26.`);
  }
  const suggestion = name === "database" ? "dbname" : nearest(name, names);
  return source.fail(
    `has the unknown parameter "${name}"`,
    suggestion === undefined ? list : `Did you mean "${suggestion}"?`,
  );
}

/** Values of libpq's other parameters that ask for nothing we do not do anyway; "*" is any value. */
const WITHOUT_EFFECT: Readonly<Record<string, readonly string[]>> = {
  channel_binding: ["disable", "prefer"],
  client_encoding: ["utf8", "utf-8", "unicode", "auto"],
  fallback_application_name: ["*"],
  gssencmode: ["disable", "prefer"],
  keepalives: ["*"],
  keepalives_count: ["*"],
  keepalives_idle: ["*"],
  keepalives_interval: ["*"],
  load_balance_hosts: ["*"],
  sslcompression: ["0"],
  sslnegotiation: ["postgres"],
  target_session_attrs: ["any", "read-write", "primary", "prefer-standby"],
  tcp_user_timeout: ["*"],
};

const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...Object.keys(WITHOUT_EFFECT),
  "gsslib",
  "gssdelegation",
  "hostaddr",
  "krbsrvname",
  "max_protocol_version",
  "min_protocol_version",
  "passfile",
  "replication",
  "require_auth",
  "requirepeer",
  "requiressl",
  "service",
  "ssl_max_protocol_version",
  "ssl_min_protocol_version",
  "sslcertmode",
  "sslcrl",
  "sslcrldir",
  "sslkeylogfile",
  "sslpassword",
  "sslsni",
]);

/** What to do about a parameter of libpq's that this tool does not have; undefined when libpq has none of the name. */
function judgeUnsupported(name: string, value: string): { fatal: boolean; message: string } | undefined {
  if (!UNSUPPORTED.has(name)) return undefined;
  const harmless = WITHOUT_EFFECT[name] ?? [];
  if (harmless.includes("*") || harmless.includes(value.toLowerCase())) return { fatal: false, message: "" };
  if (name === "channel_binding") {
    // Some hosting companies put it in the URL they hand out, so refusing it would refuse them.
    return { fatal: false, message: "channel_binding=require has no effect: the connection is made without it" };
  }
  return { fatal: true, message: `has the parameter "${name}", which Confiture does not support` };
}
