import type { TextSetting } from "./setting.ts";

/**
 * What a connection can be told: the name under `database` in an environment file, which is libpq's own except for
 * `database` (`dbname`), and libpq's variable for it
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS, .../libpq-envars.html).
 */
export const PARAMETER_VARIABLES = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  database: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  service: "PGSERVICE",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  load_balance_hosts: "PGLOADBALANCEHOSTS",
  sslmode: "PGSSLMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  sslrootcert: "PGSSLROOTCERT",
  sslcrl: "PGSSLCRL",
  sslcrldir: "PGSSLCRLDIR",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslpassword: undefined,
  sslcertmode: "PGSSLCERTMODE",
  sslsni: "PGSSLSNI",
  ssl_min_protocol_version: "PGSSLMINPROTOCOLVERSION",
  ssl_max_protocol_version: "PGSSLMAXPROTOCOLVERSION",
  require_auth: "PGREQUIREAUTH",
  channel_binding: "PGCHANNELBINDING",
  connect_timeout: "PGCONNECT_TIMEOUT",
  keepalives: undefined,
  keepalives_idle: undefined,
  application_name: "PGAPPNAME",
  fallback_application_name: undefined,
  options: "PGOPTIONS",
} as const satisfies Readonly<Record<string, string | undefined>>;

export type ParameterName = keyof typeof PARAMETER_VARIABLES;

export const PARAMETERS = Object.keys(PARAMETER_VARIABLES) as readonly ParameterName[];

/** The parameters that one source gives. */
export type Parameters = Map<ParameterName, TextSetting>;

/** The name of ours for libpq's; undefined for what is not a parameter of ours. */
export function parameterNamed(name: string): ParameterName | undefined {
  if (name === "dbname") return "database";
  // "database" is our key's name, not libpq's.
  return name !== "database" && Object.hasOwn(PARAMETER_VARIABLES, name) ? (name as ParameterName) : undefined;
}

/** libpq's name for ours. */
export function libpqName(name: ParameterName): string {
  return name === "database" ? "dbname" : name;
}

/** One parameter as it stands in a URL, conninfo string or service file, by libpq's name. */
export interface RawParameter {
  readonly name: string;
  readonly value: string;
}
