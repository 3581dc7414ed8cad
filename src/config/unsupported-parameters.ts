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
  // Of other tools' URLs.
  "connection_limit",
  "pgbouncer",
  "pool_timeout",
  "schema",
  "socket_timeout",
  "sslaccept",
  "statement_cache_size",
  "uselibpqcompat",
  // Of libpq's.
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

/** What to do about a known parameter that this tool does not have; undefined when the name is nobody's. */
export function judgeUnsupported(name: string, value: string): { fatal: boolean; message: string } | undefined {
  if (!UNSUPPORTED.has(name)) return undefined;
  const harmless = WITHOUT_EFFECT[name] ?? [];
  if (harmless.includes("*") || harmless.includes(value.toLowerCase())) return { fatal: false, message: "" };
  if (name === "channel_binding" && value === "require") {
    // Some hosting companies put it in the URL they hand out, so refusing it would refuse them.
    return { fatal: false, message: "channel_binding=require has no effect: the connection is made without it" };
  }
  return { fatal: true, message: `has the parameter "${name}", which Confiture does not support` };
}
