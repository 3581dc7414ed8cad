import { Secret, type ServerAddress, type ServerTarget, SESSION_ATTRIBUTES } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { ConfigWarning } from "./config.ts";
import { PARAMETERS, PARAMETER_VARIABLES, type ParameterName, type Parameters } from "./connection-parameters.ts";
import { parseDuration } from "#sql/duration.ts";
import { findPassword, passwordFile } from "./pgpass.ts";
import { resolveAuthentication } from "./resolve-authentication.ts";
import { resolveHosts } from "./resolve-hosts.ts";
import { requireRootCert, resolveTls, toTlsOptions } from "./resolve-tls.ts";
import { readService } from "./service-file.ts";
import { not, oneOf, type Setting, type TextSetting } from "./setting.ts";
import type { Surroundings } from "./surroundings.ts";
import { judgeUnsupported, UNSUPPORTED_VARIABLES } from "./unsupported-parameters.ts";
import type { Variable, Variables } from "./variables.ts";

export interface ResolvedTarget<T> {
  readonly target: T;
  /** By the keys of the `database` section. */
  readonly origins: Readonly<Record<string, string>>;
  /** What the target does not hold of them. */
  readonly values: Readonly<Record<string, string>>;
  readonly warnings: readonly ConfigWarning[];
}

const DEFAULT_CONNECT_TIMEOUT = 10_000;
const SOCKET_DIRECTORIES: readonly string[] = ["/tmp", "/var/run/postgresql", "/run/postgresql"];

/** Variables that give a setting to the session from its start, as in libpq. */
const SETTING_VARIABLES: Readonly<Record<string, string>> = {
  PGTZ: "TimeZone",
  PGDATESTYLE: "DateStyle",
  PGGEQO: "geqo",
};

/**
 * Completes what was given with a service, libpq's variables, the password file and defaults
 * (https://www.postgresql.org/docs/current/libpq-envars.html). One default is not libpq's: without a host it
 * is "localhost" and not a socket, so that it does not depend on how the client was compiled.
 * @throws ConfitureError `config_invalid`, placed where the bad value was written
 */
export function resolveServer(given: Parameters, surroundings: Surroundings): ResolvedTarget<ServerTarget> {
  const { variables, homeDirectory, platform } = surroundings;
  const parameters = withVariables(withService(given, surroundings), variables);
  const warnings = unsupportedVariables(variables);

  const hosts = resolveHosts(parameters);
  const user = resolveUser(parameters.get("user"), surroundings);
  const database: Setting<string> = parameters.get("database") ?? {
    value: user.value,
    origin: "default (the user's name)",
  };
  const tls = resolveTls(parameters, surroundings.projectDir, homeDirectory);
  // libpq makes no TLS connection over a socket, whatever sslmode says.
  if (!hosts.addresses.every(({ host, hostAddress }) => hostAddress === undefined && host.startsWith("/"))) {
    requireRootCert(tls, parameters.get("sslmode"));
  }
  const authentication = resolveAuthentication(parameters);
  const attributes = parameters.get("target_session_attrs");
  const balance = parameters.get("load_balance_hosts");
  const connectTimeout = resolveConnectTimeout(parameters.get("connect_timeout"));
  const applicationName: Setting<string> = parameters.get("application_name") ??
    parameters.get("fallback_application_name") ?? { value: "confiture", origin: "default" };
  const options = parameters.get("options");
  const keepalive = resolveKeepalive(parameters.get("keepalives"), parameters.get("keepalives_idle"));
  const settings = sessionSettings(variables);

  let password: Setting<string> | undefined = parameters.get("password");
  const file = password === undefined ? passwordFile(parameters.get("passfile"), surroundings) : undefined;
  const addresses: ServerAddress[] = [];
  for (const address of hosts.addresses) {
    let own = password?.value;
    if (file !== undefined) {
      const host = SOCKET_DIRECTORIES.includes(address.host) ? "localhost" : address.host;
      const found = findPassword(
        file,
        { host, port: address.port, database: database.value, user: user.value },
        platform,
      );
      own = found.password?.value;
      password ??= found.password;
      if (found.warning !== undefined && addresses.length === 0) warnings.push(found.warning);
    }
    addresses.push({ ...address, ...(own === undefined ? {} : { password: new Secret(own) }) });
  }
  const [first, ...alternatives] = addresses;

  const target: ServerTarget = {
    engine: "server",
    ...first!,
    ...(alternatives.length > 0 && { alternatives }),
    ...(attributes && { sessionAttributes: oneOf(attributes, SESSION_ATTRIBUTES) }),
    ...(balance !== undefined && oneOf(balance, ["disable", "random"]) === "random" && { loadBalance: true }),
    database: database.value,
    user: user.value,
    tls: toTlsOptions(tls),
    ...(authentication && { authentication }),
    connectTimeout: connectTimeout.value,
    applicationName: applicationName.value,
    ...(options && { options: options.value }),
    ...(settings && { settings }),
    ...(keepalive !== undefined && { keepalive }),
    ...(hosts.host.origin !== "default" && { origin: hosts.host.origin }),
  };
  const shown: Partial<Record<ParameterName, Setting<unknown>>> = {
    host: hosts.host,
    port: hosts.port,
    database,
    user,
    ...(password && { password }),
    sslmode: tls.mode,
    ...tls.files,
    connect_timeout: connectTimeout,
    application_name: applicationName,
  };
  const origins: Record<string, string> = {};
  for (const name of PARAMETERS) origins[name] = (shown[name] ?? parameters.get(name))?.origin ?? "default";
  const values: Record<string, string> = {};
  for (const name of ONLY_LEADING) {
    const value = parameters.get(name)?.value;
    if (value !== undefined) values[name] = value;
  }
  values["passfile"] ??= passwordFile(undefined, surroundings)?.shown ?? "";
  return { target, origins, values, warnings };
}

/** What only leads to others: the target does not hold it. */
const ONLY_LEADING: readonly ParameterName[] = [
  "hostaddr",
  "passfile",
  "service",
  "sslcertmode",
  "keepalives",
  "fallback_application_name",
];

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

/** A service stands behind what was given and before the variables. */
function withService(given: Parameters, surroundings: Surroundings): Parameters {
  const variable = surroundings.variables.getNonEmpty("PGSERVICE");
  const service = given.get("service") ?? (variable && variableSetting("PGSERVICE", variable));
  if (service === undefined) return given;
  return new Map([...readService(service, surroundings), ...given]);
}

function withVariables(given: Parameters, variables: Variables): Parameters {
  const complete: Parameters = new Map(given);
  for (const name of PARAMETERS) {
    const variableName = PARAMETER_VARIABLES[name];
    if (complete.has(name) || variableName === undefined) continue;
    const variable = variables.getNonEmpty(variableName);
    if (variable !== undefined) complete.set(name, variableSetting(variableName, variable));
  }
  return complete;
}

/** @throws ConfitureError for a variable without which psql would make another connection */
function unsupportedVariables(variables: Variables): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  for (const [name, parameter] of UNSUPPORTED_VARIABLES) {
    const variable = variables.getNonEmpty(name);
    const verdict = variable && judgeUnsupported(parameter, variable.value);
    if (verdict === undefined || verdict.kind === "harmless") continue;
    if (verdict.kind === "refused") {
      throw variableSetting(name, variable!).fail(
        "asks for something that Confiture does not support",
        `Unset it. ${verdict.hint}`,
      );
    }
    const message = `${name} has no effect: ${verdict.why}`;
    warnings.push(variable!.location === undefined ? { message } : { message, location: variable!.location });
  }
  return warnings;
}

function sessionSettings(variables: Variables): Record<string, string> | undefined {
  const settings: Record<string, string> = {};
  for (const [name, setting] of Object.entries(SETTING_VARIABLES)) {
    const variable = variables.getNonEmpty(name);
    if (variable !== undefined && variable.value.toLowerCase() !== "default") settings[setting] = variable.value;
  }
  return Object.keys(settings).length === 0 ? undefined : settings;
}

function resolveUser(given: TextSetting | undefined, surroundings: Surroundings): Setting<string> {
  if (given !== undefined) return given;
  const { userName } = surroundings;
  // Only a connection needs one.
  const origin = `default (the operating system's user${userName === "" ? ", which has no name" : ""})`;
  return { value: userName, origin };
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

/** Seconds of silence before the first keepalive; 0 for none, undefined for the default. */
function resolveKeepalive(on: TextSetting | undefined, idle: TextSetting | undefined): number | undefined {
  if (on !== undefined) {
    if (!/^-?\d+$/.test(on.value)) throw on.fail(`must be 0 or 1${not(on)}`);
    if (Number(on.value) === 0) return 0;
  }
  if (idle === undefined) return undefined;
  if (!/^-?\d{1,6}$/.test(idle.value)) throw idle.fail(`must be a number of seconds${not(idle)}`);
  return Number(idle.value) > 0 ? Number(idle.value) : undefined;
}
