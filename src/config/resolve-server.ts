import { Secret, type ServerTarget } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { ConfigWarning } from "./config.ts";
import { PARAMETERS, PARAMETER_VARIABLES, type Parameters } from "./connection-parameters.ts";
import { parseDuration } from "./duration.ts";
import { findPassword, passwordFile } from "./pgpass.ts";
import { requireRootCert, resolveTls, toTlsOptions } from "./resolve-tls.ts";
import { not, type Setting, type TextSetting } from "./setting.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Variable, Variables } from "./variables.ts";

export interface ResolvedTarget<T> {
  readonly target: T;
  /** By the keys of the `database` section. */
  readonly origins: Readonly<Record<string, string>>;
  readonly warnings: readonly ConfigWarning[];
}

const DEFAULT_CONNECT_TIMEOUT = 10_000;
const SOCKET_DIRECTORIES: readonly string[] = ["/tmp", "/var/run/postgresql", "/run/postgresql"];

/**
 * Completes what was given with libpq's variables, the password file and defaults
 * (https://www.postgresql.org/docs/current/libpq-envars.html). One default is not libpq's: without a host it
 * is "localhost" and not a socket, so that it does not depend on how the client was compiled.
 * @throws ConfitureError `config_invalid`, placed where the bad value was written
 */
export async function resolveServer(
  given: Parameters,
  surroundings: Surroundings,
): Promise<ResolvedTarget<ServerTarget>> {
  const { variables, userName, homeDirectory, platform } = surroundings;
  const parameters = withVariables(given, variables);
  const warnings = ignoredVariables(given, variables);

  const host = resolveHost(parameters.get("host"), variables);
  const port = resolvePort(parameters.get("port"));
  const user = resolveUser(parameters.get("user"), userName);
  const database: Setting<string> = parameters.get("database") ?? {
    value: user.value,
    origin: "default (the user's name)",
  };
  const tls = await resolveTls(parameters, surroundings.projectDir, homeDirectory);
  // libpq makes no TLS connection over a socket, whatever sslmode says.
  if (!host.value.startsWith("/")) requireRootCert(tls, parameters.get("sslmode"));
  const connectTimeout = resolveConnectTimeout(parameters.get("connect_timeout"));
  const applicationName: Setting<string> = parameters.get("application_name") ?? {
    value: "confiture",
    origin: "default",
  };
  const options = parameters.get("options");

  let password: Setting<string> | undefined = parameters.get("password");
  const file = password === undefined ? passwordFile(surroundings) : undefined;
  if (file !== undefined) {
    const passwordHost = SOCKET_DIRECTORIES.includes(host.value) ? "localhost" : host.value;
    const query = { host: passwordHost, port: port.value, database: database.value, user: user.value };
    const found = await findPassword(file, query, platform);
    password = found.password;
    if (found.warning !== undefined) warnings.push(found.warning);
  }

  const target: ServerTarget = {
    engine: "server",
    host: host.value,
    port: port.value,
    database: database.value,
    user: user.value,
    ...(password && { password: new Secret(password.value) }),
    tls: toTlsOptions(tls),
    connectTimeout: connectTimeout.value,
    applicationName: applicationName.value,
    ...(options && { options: options.value }),
  };
  const settings: Record<string, Setting<unknown> | undefined> = {
    host,
    port,
    database,
    user,
    password,
    sslmode: tls.mode,
    sslrootcert: tls.rootCert,
    sslcert: tls.cert,
    sslkey: tls.key,
    connect_timeout: connectTimeout,
    application_name: applicationName,
    options,
  };
  const origins: Record<string, string> = {};
  for (const [key, setting] of Object.entries(settings)) origins[key] = setting?.origin ?? "default";
  return { target, origins, warnings };
}

/** A variable as a setting. Its value is never quoted: it may hold a secret by mistake. */
export function variableSetting(name: string, variable: Variable): TextSetting {
  return {
    value: variable.value,
    origin: variable.origin,
    quoted: "",
    fail: (problem, hint) =>
      new ConfitureError("config_invalid", `${name} ${problem}`, { location: variable.location, hint }),
  };
}

function withVariables(given: Parameters, variables: Variables): Parameters {
  const complete: Parameters = new Map(given);
  for (const name of PARAMETERS) {
    if (complete.has(name)) continue;
    const variable = variables.getNonEmpty(PARAMETER_VARIABLES[name]);
    if (variable !== undefined) complete.set(name, variableSetting(PARAMETER_VARIABLES[name], variable));
  }
  return complete;
}

/** Variables that would send psql elsewhere, or make it stricter; silence would be a surprise. */
function ignoredVariables(given: Parameters, variables: Variables): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  const warn = (name: string, variable: Variable, why: string): void => {
    const message = `${name} has no effect: ${why}`;
    warnings.push(variable.location === undefined ? { message } : { message, location: variable.location });
  };
  const address = variables.getNonEmpty("PGHOSTADDR");
  if (address !== undefined && (given.has("host") || variables.getNonEmpty("PGHOST") !== undefined)) {
    warn("PGHOSTADDR", address, "a host is given, and Confiture connects to that");
  }
  const service = variables.getNonEmpty("PGSERVICE");
  if (service !== undefined) warn("PGSERVICE", service, "Confiture does not read service files");
  for (const name of ["PGCHANNELBINDING", "PGREQUIREAUTH", "PGGSSENCMODE", "PGSSLCRL", "PGSSLMINPROTOCOLVERSION"]) {
    const variable = variables.getNonEmpty(name);
    if (variable === undefined || /^(?:disable|prefer)$/.test(variable.value)) continue;
    warn(name, variable, "Confiture does not support it");
  }
  return warnings;
}

function resolveHost(given: TextSetting | undefined, variables: Variables): Setting<string> {
  if (given === undefined) {
    const address = variables.getNonEmpty("PGHOSTADDR");
    if (address === undefined) return { value: "localhost", origin: "default" };
    return resolveHost(variableSetting("PGHOSTADDR", address), variables);
  }
  const host = given.value;
  if (host.includes("://")) throw given.fail("must be a host name, not a URL", "Write a URL under `url`.");
  if (host.startsWith("@")) throw given.fail("is an abstract socket, which Confiture does not support");
  if (host.startsWith("/")) return { value: host, origin: given.origin };
  if (host.includes(",")) throw given.fail("names several hosts", "Name the one server that takes writes.");
  if (/^[^:]+:\d+$/.test(host)) throw given.fail("holds a port", "Write the port under `port`.");
  if (/[\s/@?#[\]]/.test(host)) {
    throw given.fail("must be a host name, an IP address or the absolute path of a socket directory");
  }
  return { value: host, origin: given.origin };
}

function resolveUser(given: TextSetting | undefined, userName: string): Setting<string> {
  if (given !== undefined) return given;
  if (userName !== "") return { value: userName, origin: "default (the operating system's user)" };
  throw new ConfitureError("config_invalid", "No database user is given, and the operating system's user has no name", {
    hint: "Give `user` in the environment file, or set PGUSER.",
  });
}

function resolvePort(given: TextSetting | undefined): Setting<number> {
  if (given === undefined) return { value: 5432, origin: "default" };
  const port = /^\d{1,5}$/.test(given.value.trim()) ? Number(given.value) : 0;
  if (port < 1 || port > 65_535) throw given.fail(`must be a number from 1 to 65535${not(given)}`);
  return { value: port, origin: given.origin };
}

/** Whole seconds, as in libpq (0 or less waits for ever), or a duration with its unit. */
function resolveConnectTimeout(given: TextSetting | undefined): Setting<number> {
  if (given === undefined) return { value: DEFAULT_CONNECT_TIMEOUT, origin: "default" };
  const text = given.value.trim();
  if (/^-\d+$/.test(text)) return { value: 0, origin: given.origin };
  const value = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (value === undefined) throw given.fail(`must be seconds (10) or a duration (10s, 500ms)${not(given)}`);
  return { value, origin: given.origin };
}
