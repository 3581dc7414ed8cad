import type { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import {
  multipleHosts,
  PARAMETERS,
  type ParameterName,
  type Parameters,
  type RawParameter,
} from "./connection-parameters.ts";
import { parseConninfo } from "./conninfo.ts";
import { parseUrl } from "./connection-url.ts";
import type { TextSetting } from "./setting.ts";
import { judgeUnsupported } from "./unsupported-parameters.ts";

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
  const parameters: Parameters = new Map();
  const warnings: string[] = [];
  for (const { name, value } of parseRaw(text, source)) {
    if (value === "") continue;
    if (value.includes("\0")) throw source.fail("holds a zero character");
    const known = knownName(name);
    if (known === undefined) {
      const problem = judgeUnsupported(name, value);
      if (problem === undefined) throw unknownParameter(name, source);
      if (problem.fatal) throw source.fail(problem.message, "Remove it.");
      if (problem.message !== "") warnings.push(`${source.origin}: ${problem.message}`);
      continue;
    }
    if (known === "host" && value.includes(",")) throw multipleHosts(source);
    parameters.set(known, parameterSetting(known, value, source));
  }
  return { parameters, warnings };
}

function parseRaw(text: string, source: TextSetting): RawParameter[] {
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

/**
 * No value is ever shown: `postgres://user:12/3?sslmode=4` is a password with an unescaped `/` as well as a
 * host, port, database and parameter.
 */
function parameterSetting(name: ParameterName, value: string, source: TextSetting): TextSetting {
  const shown = name === "database" ? "dbname" : name;
  return {
    value,
    origin: source.origin,
    quoted: "",
    fail: (problem, hint) => source.fail(`is not usable: its ${shown} ${problem}`, hint ?? hintFor(name)),
  };
}

/** What follows a `:` or `/` of a password is taken for the port. */
function hintFor(name: ParameterName): string | undefined {
  return name === "port"
    ? "In a URL, the characters : and / of a user or password are written %3A and %2F."
    : undefined;
}

/** A name is shown only when it is nearly one of ours, and so no piece of a password. */
function unknownParameter(name: string, source: TextSetting): ConfitureError {
  const names = ["dbname", ...PARAMETERS.filter((known) => known !== "database")];
  const suggestion = name === "database" ? "dbname" : nearest(name, names);
  if (suggestion !== undefined) {
    return source.fail(`has the unknown parameter "${name}"`, `Did you mean "${suggestion}"?`);
  }
  const list = `Known parameters: ${names.join(", ")}.`;
  return source.fail("has an unknown parameter", `${list}\nA & in a password is written %26.`);
}
