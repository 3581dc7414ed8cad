import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { systemCode } from "#files/reason.ts";
import type { ConfigWarning } from "./config.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Variable } from "./variables.ts";

export interface PasswordQuery {
  /** A host name, or "localhost" for a unix socket in the default directory. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export interface PasswordFile {
  readonly path: string;
  /** How the user would write it ("~/.pgpass"). */
  readonly shown: string;
}

/**
 * Where libpq looks for passwords: the file that is named, or the user's own. Undefined without a home folder.
 * @param named `passfile` or PGPASSFILE
 */
export function passwordFile(
  named: { readonly value: string } | undefined,
  surroundings: Surroundings,
): PasswordFile | undefined {
  const { projectDir, variables, homeDirectory, platform } = surroundings;
  if (named !== undefined) {
    return { path: isAbsolute(named.value) ? named.value : join(projectDir, named.value), shown: named.value };
  }
  if (platform === "win32") {
    const appData = variables.getNonEmpty("APPDATA");
    if (appData === undefined) return undefined;
    return { path: join(appData.value, "postgresql", "pgpass.conf"), shown: "%APPDATA%\\postgresql\\pgpass.conf" };
  }
  return homeDirectory === "" ? undefined : { path: join(homeDirectory, ".pgpass"), shown: "~/.pgpass" };
}

/**
 * The password of the first matching line of a password file
 * (https://www.postgresql.org/docs/current/libpq-pgpass.html). A file that others may read is ignored with a
 * warning, as in libpq; a missing one silently.
 */
export function findPassword(
  file: PasswordFile,
  query: PasswordQuery,
  platform: NodeJS.Platform,
): { password?: Variable; warning?: ConfigWarning } {
  const { path, shown } = file;
  const ignored = (why: string): { warning: ConfigWarning } => ({
    warning: { message: `The password file ${shown} is ignored: ${why}`, location: { file: shown } },
  });
  let text: string;
  try {
    const found = statSync(path);
    if (!found.isFile()) return ignored("it is not a plain file");
    if (platform !== "win32" && (found.mode & 0o077) !== 0) {
      return ignored("others may read it; its permissions should be u=rw (0600) or less");
    }
    text = readRegularFile(path, shown).toString();
  } catch (cause) {
    const code = systemCode(cause instanceof ConfitureError ? cause.cause : cause);
    return code === "ENOENT" || code === "ENOTDIR" ? {} : ignored(`it cannot be read (${code})`);
  }
  const match = matchPassword(text, query);
  if (match === undefined) return {};
  const origin = `${shown}:${match.line}`;
  return { password: { value: match.password, origin, location: { file: shown, line: match.line } } };
}

/**
 * Searches `hostname:port:database:username:password` lines: `*` matches anything, a backslash takes the
 * meaning off the character after it, `#` begins a comment line, and the first match wins.
 */
export function matchPassword(text: string, query: PasswordQuery): { password: string; line: number } | undefined {
  const wanted = [query.host, String(query.port), query.database, query.user];
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("#")) continue;
    const rest = matchFields(line.replace(/\r$/, ""), wanted);
    if (rest !== undefined) return { password: rest.replace(/\\([^])/g, "$1"), line: index + 1 };
  }
  return undefined;
}

/** What follows the fields when they all match. */
function matchFields(line: string, wanted: readonly string[]): string | undefined {
  let rest = line;
  for (const value of wanted) {
    // libpq has no escaped field boundary: the pattern runs to the first colon without a backslash.
    const field = /^((?:[^:\\]|\\[^])*):/.exec(rest);
    if (field === null) return undefined;
    const pattern = field[1]!;
    if (pattern !== "*" && pattern.replace(/\\([^])/g, "$1") !== value) return undefined;
    rest = rest.slice(field[0].length);
  }
  return rest;
}
