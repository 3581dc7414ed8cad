/** What to do about a parameter of libpq's, or of other tools' URLs, that Confiture does not have. */
export type Verdict =
  /** It asks for nothing that is not done anyway. */
  | { readonly kind: "harmless" }
  /** It has no effect; the sentence completes "... has no effect: ". */
  | { readonly kind: "ignored"; readonly why: string }
  /** Without it, the connection would be another one than was asked for. */
  | { readonly kind: "refused"; readonly hint: string };

interface Rule {
  /** Values that ask for nothing; "*" is any. */
  readonly harmless?: readonly string[];
  readonly ignored?: string;
  readonly hint?: string;
  /** libpq's variable. */
  readonly variable?: string;
}

const GSS = "Confiture does not have GSSAPI (Kerberos).";
const OTHER_TOOL = "It is another tool's parameter, not one of PostgreSQL.";
const SETTING = (name: string): string =>
  `A setting of the session is written options=-c%20${name}%3DVALUE in a URL, or \`options: -c ${name}=VALUE\` in the environment file.`;

const RULES: Readonly<Record<string, Rule>> = {
  // Of libpq's.
  client_encoding: {
    harmless: ["utf8", "utf-8", "unicode", "auto"],
    ignored: "Confiture speaks UTF-8",
    variable: "PGCLIENTENCODING",
  },
  gssencmode: { harmless: ["disable", "prefer"], hint: GSS, variable: "PGGSSENCMODE" },
  krbsrvname: { harmless: ["*"], variable: "PGKRBSRVNAME" },
  gsslib: { harmless: ["*"], variable: "PGGSSLIB" },
  gssdelegation: { harmless: ["0"], hint: GSS, variable: "PGGSSDELEGATION" },
  keepalives_interval: { ignored: "only the time before the first keepalive can be chosen (keepalives_idle)" },
  keepalives_count: { ignored: "only the time before the first keepalive can be chosen (keepalives_idle)" },
  tcp_user_timeout: { harmless: ["0"], ignored: "the operating system's own limit holds" },
  min_protocol_version: {
    harmless: ["3.0"],
    hint: "Confiture speaks version 3.0 of the protocol, which every server does.",
    variable: "PGMINPROTOCOLVERSION",
  },
  max_protocol_version: { harmless: ["*"], variable: "PGMAXPROTOCOLVERSION" },
  requirepeer: { hint: "Who runs the server cannot be determined here.", variable: "PGREQUIREPEER" },
  requiressl: { harmless: ["0"], hint: "Use sslmode=require.", variable: "PGREQUIRESSL" },
  sslcompression: { harmless: ["*"], variable: "PGSSLCOMPRESSION" },
  sslkeylogfile: { ignored: "Confiture writes no keys to files" },
  replication: { harmless: ["false", "off", "no", "0"], hint: "A replication connection takes no ordinary SQL." },
  scram_client_key: { hint: "Give the password itself." },
  scram_server_key: { hint: "Give the password itself." },
  oauth_issuer: { hint: "Confiture does not support OAuth." },
  oauth_client_id: { hint: "Confiture does not support OAuth." },
  oauth_client_secret: { hint: "Confiture does not support OAuth." },
  oauth_scope: { hint: "Confiture does not support OAuth." },
  servicefile: { hint: "Set the variable PGSERVICEFILE." },
  // Of other tools.
  ssl: { hint: "Write sslmode=disable, sslmode=require, or sslmode=verify-full." },
  schema: { hint: `${OTHER_TOOL} ${SETTING("search_path")}` },
  search_path: { hint: SETTING("search_path") },
  statement_timeout: { hint: `${SETTING("statement_timeout")} Migrations have migrations.statement_timeout.` },
  lock_timeout: { hint: `${SETTING("lock_timeout")} Migrations have migrations.lock_timeout.` },
  "x-migrations-table": {
    hint: `${OTHER_TOOL} The ledger is named by migrations.table in the environment file, and golang-migrate's history taken over from: confiture migrate baseline --from golang-migrate --from-table TABLE`,
  },
  connection_limit: { hint: OTHER_TOOL },
  pgbouncer: { hint: `${OTHER_TOOL} Connect to the server itself, or to a pool with pool_mode = session.` },
  pool_timeout: { hint: OTHER_TOOL },
  socket_timeout: { hint: OTHER_TOOL },
  sslaccept: { hint: `${OTHER_TOOL} Write sslmode=require or sslmode=verify-full.` },
  statement_cache_size: { hint: OTHER_TOOL },
  uselibpqcompat: { harmless: ["true"], hint: OTHER_TOOL },
};

/** Undefined when the name is nobody's. */
export function judgeUnsupported(name: string, value: string): Verdict | undefined {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule === undefined) return undefined;
  if (rule.harmless?.includes("*") === true || rule.harmless?.includes(value.toLowerCase()) === true) {
    return { kind: "harmless" };
  }
  if (rule.ignored !== undefined) return { kind: "ignored", why: rule.ignored };
  return { kind: "refused", hint: rule.hint ?? OTHER_TOOL };
}

/** libpq's variables for parameters that Confiture does not have, and the parameters. */
export const UNSUPPORTED_VARIABLES: readonly (readonly [variable: string, parameter: string])[] = Object.entries(
  RULES,
).flatMap(([name, { variable }]) => (variable === undefined ? [] : [[variable, name] as const]));
