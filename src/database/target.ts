/**
 * Where a database is. `config` makes these; `database` opens them. Everything is resolved: no
 * variable, default or file lookup is left to do.
 */
export type Target = ServerTarget | EmbeddedTarget;

/** Where one server listens, and the password for it. */
export interface ServerAddress {
  /** A host name, an IP address, or the directory of a unix socket (begins with "/"). */
  readonly host: string;
  /** The IP address to connect to in place of looking up `host`, as in libpq's `hostaddr`. */
  readonly hostAddress?: string;
  readonly port: number;
  readonly password?: Secret;
}

export interface ServerTarget extends ServerAddress {
  readonly engine: "server";
  /** Further hosts, tried in their order when those before cannot be reached or are not what is wanted. */
  readonly alternatives?: readonly ServerAddress[];
  /** Which of the hosts is wanted; any by default. */
  readonly sessionAttributes?: SessionAttributes;
  /** Tries hosts, and the addresses of a host, in random order. */
  readonly loadBalance?: boolean;
  readonly database: string;
  readonly user: string;
  readonly tls: TlsOptions;
  readonly authentication?: AuthenticationRules;
  /** Milliseconds for each address until the session is ready; 0 waits for ever. */
  readonly connectTimeout: number;
  readonly applicationName: string;
  /** Command-line options for the server process, as in libpq's `options` ("-c name=value"). */
  readonly options?: string;
  /** Settings of the session from its start, by name, as libpq's PGTZ makes them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Seconds of silence before the first keepalive; 0 for none. */
  readonly keepalive?: number;
  /** Where the address is written, for messages: "db/environments/local.yaml:4". */
  readonly origin?: string;
}

/** libpq's `target_session_attrs`. */
export const SESSION_ATTRIBUTES = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] as const;
export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

/** The methods that libpq's `require_auth` knows. */
export const AUTHENTICATION_METHODS = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"] as const;
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

export const CHANNEL_BINDINGS = ["disable", "prefer", "require"] as const;

/** How a server may ask the client to authenticate itself. */
export interface AuthenticationRules {
  /** The only ones allowed; undefined allows all. */
  readonly methods?: readonly AuthenticationMethod[];
  /** A password may go over the network in clear text. */
  readonly allowCleartext?: boolean;
  /** `prefer` where it is not said. */
  readonly channelBinding?: (typeof CHANNEL_BINDINGS)[number];
}

/** PostgreSQL inside the executable. `path` is its data folder; undefined keeps it in memory. */
export interface EmbeddedTarget {
  readonly engine: "embedded";
  readonly path?: string;
  /** What it begins with in place of a new database, where it has no folder: the data that another one has saved. */
  readonly saved?: Uint8Array<ArrayBuffer>;
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
  /** What the private key is encrypted with. */
  readonly keyPassword?: Secret;
  /** Path of a PEM file of revoked certificates, and of a folder of such files (`HASH.r0`). */
  readonly crl?: string;
  readonly crlDir?: string;
  /** False keeps the host's name out of the handshake. */
  readonly sni?: boolean;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** The handshake begins without asking, which PostgreSQL takes from version 17 on. */
  readonly direct?: boolean;
}

export const TLS_VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

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
