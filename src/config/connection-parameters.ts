import type { ConfitureError } from "#errors/error.ts";
import type { TextSetting } from "./setting.ts";

/** What a connection can be told, by the name it has under `database` in an environment file. */
export const PARAMETERS = [
  "host",
  "port",
  "database",
  "user",
  "password",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "connect_timeout",
  "application_name",
  "options",
] as const;

export type ParameterName = (typeof PARAMETERS)[number];

/** The parameters that one source gives. */
export type Parameters = Map<ParameterName, TextSetting>;

/** libpq's variables (https://www.postgresql.org/docs/current/libpq-envars.html). */
export const PARAMETER_VARIABLES: Readonly<Record<ParameterName, string>> = {
  host: "PGHOST",
  port: "PGPORT",
  database: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  connect_timeout: "PGCONNECT_TIMEOUT",
  application_name: "PGAPPNAME",
  options: "PGOPTIONS",
};

/** One parameter as it stands in a URL or conninfo string, by libpq's name. */
export interface RawParameter {
  readonly name: string;
  readonly value: string;
}

export function multipleHosts(source: TextSetting): ConfitureError {
  return source.fail("names several hosts", "Name the one server that takes writes.");
}
