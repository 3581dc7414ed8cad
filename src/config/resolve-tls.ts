import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { Secret, SSL_MODES, type SslMode, TLS_VERSIONS, type TlsOptions, type TlsVersion } from "#database/target.ts";
import { not, oneOf, type Setting, type TextSetting } from "./setting.ts";
import type { Parameters } from "./connection-parameters.ts";

export interface ResolvedTls {
  readonly mode: Setting<SslMode>;
  /** Paths, by the keys of the `database` section. */
  readonly files: Readonly<Partial<Record<TlsFile, Setting<string>>>>;
  readonly others: Omit<TlsOptions, "mode" | "rootCert" | "cert" | "key" | "crl" | "crlDir">;
}

type TlsFile = "sslrootcert" | "sslcrl" | "sslcrldir" | "sslcert" | "sslkey";

/**
 * The TLS settings with libpq's defaults: the files in `~/.postgresql`, and verify-full for the system's authorities
 * (https://www.postgresql.org/docs/current/libpq-ssl.html). Paths come out absolute.
 * @throws ConfitureError `config_invalid`
 */
export function resolveTls(parameters: Parameters, projectDir: string, homeDirectory: string): ResolvedTls {
  const rootCert = parameters.get("sslrootcert");
  const mode = resolveMode(parameters.get("sslmode"), rootCert);
  const files: Partial<Record<TlsFile, Setting<string>>> = {};
  for (const name of ["sslrootcert", "sslcrl", "sslcrldir", "sslcert", "sslkey"] as const) {
    const given = parameters.get(name);
    if (given === undefined) continue;
    const isPath = given.value !== "system" || name !== "sslrootcert";
    files[name] = {
      value: isPath ? resolvePath(given.value, projectDir, homeDirectory) : given.value,
      origin: given.origin,
    };
  }
  const keyPassword = parameters.get("sslpassword");
  const sni = parameters.get("sslsni");
  const others = {
    ...(keyPassword && { keyPassword: new Secret(keyPassword.value) }),
    ...(sni !== undefined && oneOf(sni, ["0", "1"]) === "0" && { sni: false }),
    ...(isDirect(parameters.get("sslnegotiation"), mode.value) && { direct: true }),
    ...resolveVersions(parameters.get("ssl_min_protocol_version"), parameters.get("ssl_max_protocol_version")),
  };
  const sendsCertificate = mayIdentify(parameters.get("sslcertmode"));
  if (!sendsCertificate) {
    delete files.sslcert;
    delete files.sslkey;
  }
  if (mode.value === "disable" || homeDirectory === "") return { mode, files, others };

  const ifExists = (name: TlsFile, file: string): void => {
    const value = join(homeDirectory, ".postgresql", file);
    if (existsSync(value)) files[name] = { value, origin: `default (~/.postgresql/${file})` };
  };
  // "allow" and "prefer" promise no verification; libpq would verify there too, and then go on in clear text.
  if (files.sslrootcert === undefined && mode.value !== "allow" && mode.value !== "prefer") {
    ifExists("sslrootcert", "root.crt");
  }
  if (files.sslrootcert !== undefined && files.sslcrl === undefined && files.sslcrldir === undefined) {
    ifExists("sslcrl", "root.crl");
  }
  if (files.sslcert === undefined && sendsCertificate) ifExists("sslcert", "postgresql.crt");
  if (files.sslcert !== undefined && files.sslkey === undefined) ifExists("sslkey", "postgresql.key");
  return { mode, files, others };
}

/** Whether the client's certificate may be sent. */
function mayIdentify(given: TextSetting | undefined): boolean {
  if (given === undefined) return true;
  const mode = oneOf(given, ["disable", "allow", "require"]);
  if (mode !== "require") return mode === "allow";
  throw given.fail(
    "is require, which Confiture does not support: it cannot tell whether the server asked for the certificate",
    "Have pg_hba.conf demand it (cert, or clientcert=verify-full).",
  );
}

/** @throws ConfitureError when verification is asked for and nothing says which authorities to trust, as libpq does */
export function requireRootCert(tls: ResolvedTls, mode: TextSetting | undefined): void {
  if (mode === undefined || tls.files.sslrootcert !== undefined || !tls.mode.value.startsWith("verify-")) return;
  throw mode.fail(
    `is ${tls.mode.value}, but there is no sslrootcert and no ~/.postgresql/root.crt`,
    "Give sslrootcert a file of trusted authorities, or `system` for those of the operating system.",
  );
}

export function toTlsOptions({ mode, files, others }: ResolvedTls): TlsOptions {
  const { sslrootcert, sslcrl, sslcrldir, sslcert, sslkey } = files;
  return {
    mode: mode.value,
    ...(sslrootcert && { rootCert: sslrootcert.value }),
    ...(sslcert && { cert: sslcert.value }),
    ...(sslkey && { key: sslkey.value }),
    ...(sslcrl && { crl: sslcrl.value }),
    ...(sslcrldir && { crlDir: sslcrldir.value }),
    ...others,
  };
}

function resolveMode(given: TextSetting | undefined, rootCert: TextSetting | undefined): Setting<SslMode> {
  const system = rootCert?.value === "system";
  if (given === undefined) {
    return system
      ? { value: "verify-full", origin: "default (for sslrootcert system)" }
      : { value: "prefer", origin: "default" };
  }
  const mode = oneOf(given, SSL_MODES);
  if (system && mode !== "verify-full") {
    throw given.fail(
      `is ${mode}, but sslrootcert \`system\` needs verify-full`,
      "Leave sslmode out, or write verify-full.",
    );
  }
  return { value: mode, origin: given.origin };
}

/** Whether the handshake begins without asking, which a mode that may go on in clear text cannot do. */
function isDirect(given: TextSetting | undefined, mode: SslMode): boolean {
  if (given === undefined || oneOf(given, ["postgres", "direct"]) === "postgres") return false;
  if (mode === "require" || mode.startsWith("verify-")) return true;
  throw given.fail(`is direct, which sslmode ${mode} cannot be`, "Use sslmode require, verify-ca or verify-full.");
}

/** @throws ConfitureError `config_invalid` for a version that is none, or bounds that leave none */
function resolveVersions(
  min: TextSetting | undefined,
  max: TextSetting | undefined,
): Pick<TlsOptions, "minVersion" | "maxVersion"> {
  const minVersion = min === undefined ? undefined : readVersion(min);
  const maxVersion = max === undefined ? undefined : readVersion(max);
  // TLSv1.2 is libpq's minimum where none is given.
  if (max !== undefined && TLS_VERSIONS.indexOf(maxVersion!) < TLS_VERSIONS.indexOf(minVersion ?? "TLSv1.2")) {
    throw max.fail(
      `is lower than ${min === undefined ? "TLSv1.2, the lowest by default" : "ssl_min_protocol_version"}`,
    );
  }
  return { ...(minVersion && { minVersion }), ...(maxVersion && { maxVersion }) };
}

function readVersion(given: TextSetting): TlsVersion {
  const version = TLS_VERSIONS.find((known) => known.toLowerCase() === given.value.toLowerCase());
  if (version === undefined) throw given.fail(`must be one of ${TLS_VERSIONS.join(", ")}${not(given)}`);
  return version;
}

function resolvePath(path: string, projectDir: string, homeDirectory: string): string {
  if (/^~[/\\]/.test(path) && homeDirectory !== "") return join(homeDirectory, path.slice(2));
  return isAbsolute(path) ? path : join(projectDir, path);
}
