import type { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import {
  libpqName,
  parameterNamed,
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

/** Whether a text is meant as one of the forms that `parseConnectionText` reads, rather than as a name or a path. */
export function looksLikeConnection(text: string): boolean {
  return /^\s*(?:[a-z][a-z0-9+.-]*:\/\/|postgres(?:ql)?:|[a-z_]+\s*=)/i.test(text);
}

/**
 * Reads a connection URL (`postgres://`, `postgresql://`) or a conninfo string (`host=... dbname=...`), as in
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING. An empty value is as good as an
 * absent one.
 * @throws ConfitureError made by `source.fail`, whose message never holds the text: a password with an unescaped
 * `@` or `/` can end up in any part of a URL
 */
export function parseConnectionText(source: TextSetting): ConnectionText {
  const text = source.value.trim();
  const parameters: Parameters = new Map();
  const warnings: string[] = [];
  let previous: string | undefined;
  for (const { name, value } of parseRaw(text, source)) {
    const isShowable = isWord(name) && !SECRETS.has(previous ?? "") && isWellFormed(text);
    previous = name;
    if (value === "") continue;
    if (value.includes("\0")) throw source.fail("holds a zero character");
    const known = parameterNamed(name);
    // As libpq, which would look for a database of that name; but it is shown, and a password with it.
    if (known === "database" && value !== text && /:\/\/|password\s*=/i.test(value)) {
      throw source.fail("has a connection URL or string as its dbname", "Give that one alone.");
    }
    if (known !== undefined) {
      parameters.set(known, parameterSetting(known, value, source));
      continue;
    }
    const verdict = judgeUnsupported(name, value);
    if (verdict === undefined) throw unknownParameter(name, source, isShowable);
    if (verdict.kind === "refused") {
      throw source.fail(`has the parameter "${name}", which Confiture does not support`, `Remove it. ${verdict.hint}`);
    }
    if (verdict.kind === "ignored") warnings.push(`${source.origin}: ${name} has no effect: ${verdict.why}`);
  }
  return { parameters, warnings };
}

/** What follows one of these may be the rest of it. */
const SECRETS: ReadonlySet<string> = new Set(["password", "sslpassword"]);

function isWord(name: string): boolean {
  return /^[A-Za-z_][\w.-]{0,39}$/.test(name);
}

/**
 * Whether no piece of a password can have become a parameter. In a URL, the password has to be where it belongs, before the
 * host, and no `@` may stand behind the question mark.
 */
function isWellFormed(text: string): boolean {
  const rest = /^[a-z]+:\/\/(.*)$/is.exec(text)?.[1];
  if (rest === undefined) return true;
  const authority = /^[^/?]*/.exec(rest)![0];
  return (/^[^:@]*(?::[^@]+)?@/.test(authority) || !authority.includes(":")) && !/\?.*@/s.test(rest);
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

/**
 * No value is ever shown: `postgres://user:12/3?sslmode=4` is a password with an unescaped `/` as well as a
 * host, port, database and parameter.
 */
function parameterSetting(name: ParameterName, value: string, source: TextSetting): TextSetting {
  return {
    value,
    origin: source.origin,
    quoted: "",
    fail: (problem, hint) => source.fail(`is not usable: its ${libpqName(name)} ${problem}`, hint ?? hintFor(name)),
  };
}

/** What follows a `:` or `/` of a password is taken for the port. */
function hintFor(name: ParameterName): string | undefined {
  return name === "port"
    ? "In a URL, the characters : and / of a user or password are written %3A and %2F."
    : undefined;
}

/** A name is shown when it is nearly one of ours, or when it cannot be a piece of a password. */
function unknownParameter(name: string, source: TextSetting, isShowable: boolean): ConfitureError {
  const names = PARAMETERS.map(libpqName);
  const suggestion = name === "database" ? "dbname" : nearest(name, names);
  if (suggestion !== undefined) {
    return source.fail(`has the unknown parameter "${name}"`, `Did you mean "${suggestion}"?`);
  }
  const list = `Known parameters: ${names.join(", ")}.`;
  if (isShowable) return source.fail(`has the unknown parameter "${name}"`, `Remove it, or correct its name. ${list}`);
  return source.fail("has an unknown parameter", `${list}\nA & in a password is written %26.`);
}
