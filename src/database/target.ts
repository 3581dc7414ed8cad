/**
 * Where a database is. `config` makes these; `database` opens them. Everything is resolved: no
 * variable, default or file lookup is left to do.
 */
export type Target = ServerTarget | EmbeddedTarget;

export interface ServerTarget {
  readonly engine: "server";
  /** A host name, an IP address, or the directory of a unix socket (begins with "/"). */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: Secret;
  readonly tls: TlsOptions;
  /** Milliseconds; 0 waits for ever. */
  readonly connectTimeout: number;
  readonly applicationName: string;
  /** Command-line options for the server process, as in libpq's `options` ("-c name=value"). */
  readonly options?: string;
}

/** PostgreSQL inside the executable. `path` is its data folder; undefined keeps it in memory. */
export interface EmbeddedTarget {
  readonly engine: "embedded";
  readonly path?: string;
  /** Settings that sessions begin with, by name, as `-c name=value` gives them to a server. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** libpq's modes (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION). */
export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface TlsOptions {
  readonly mode: SslMode;
  /** Path of a PEM file of trusted authorities; "system" for the system's own. */
  readonly rootCert?: string;
  /** Path of the client's PEM certificate and private key. */
  readonly cert?: string;
  readonly key?: string;
}

/** A value that prints as stars wherever it is logged, interpolated or serialised. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The only way to the value: for the authentication exchange. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return "********";
  }
  toJSON(): string {
    return "********";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "********";
  }
}
