import { access } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { nearest } from "#errors/suggest.ts";
import { SSL_MODES, type SslMode, type TlsOptions } from "#database/target.ts";
import { not, type Setting, type TextSetting } from "./setting.ts";
import type { Parameters } from "./connection-parameters.ts";

export interface ResolvedTls {
  readonly mode: Setting<SslMode>;
  readonly rootCert?: Setting<string>;
  readonly cert?: Setting<string>;
  readonly key?: Setting<string>;
}

/**
 * The TLS settings with libpq's defaults: the files in `~/.postgresql`, and verify-full for the system's authorities
 * (https://www.postgresql.org/docs/current/libpq-ssl.html). Paths come out absolute.
 * @throws ConfitureError `config_invalid`
 */
export async function resolveTls(
  parameters: Parameters,
  projectDir: string,
  homeDirectory: string,
): Promise<ResolvedTls> {
  const rootCert = parameters.get("sslrootcert");
  const mode = resolveMode(parameters.get("sslmode"), rootCert);
  const path = (setting: TextSetting): Setting<string> => ({
    value: resolvePath(setting.value, projectDir, homeDirectory),
    origin: setting.origin,
  });
  const result: { -readonly [Key in keyof ResolvedTls]: ResolvedTls[Key] } = { mode };
  const given = { cert: parameters.get("sslcert"), key: parameters.get("sslkey") };
  if (rootCert !== undefined) result.rootCert = rootCert.value === "system" ? rootCert : path(rootCert);
  if (given.cert !== undefined) result.cert = path(given.cert);
  if (given.key !== undefined) result.key = path(given.key);
  if (mode.value === "disable" || homeDirectory === "") return result;

  const ifExists = async (name: string): Promise<Setting<string> | undefined> => {
    const value = join(homeDirectory, ".postgresql", name);
    return (await exists(value)) ? { value, origin: `default (~/.postgresql/${name})` } : undefined;
  };
  // "allow" and "prefer" promise no verification; libpq would verify there too, and then go on in clear text.
  if (result.rootCert === undefined && mode.value !== "allow" && mode.value !== "prefer") {
    const found = await ifExists("root.crt");
    if (found !== undefined) result.rootCert = found;
  }
  if (result.cert === undefined) {
    const found = await ifExists("postgresql.crt");
    if (found !== undefined) result.cert = found;
  }
  if (result.cert !== undefined && result.key === undefined) {
    const found = await ifExists("postgresql.key");
    if (found !== undefined) result.key = found;
  }
  return result;
}

/** @throws ConfitureError when verification is asked for and nothing says which authorities to trust, as libpq does */
export function requireRootCert(tls: ResolvedTls, mode: TextSetting | undefined): void {
  if (mode === undefined || tls.rootCert !== undefined || !tls.mode.value.startsWith("verify-")) return;
  throw mode.fail(
    `is ${tls.mode.value}, but there is no sslrootcert and no ~/.postgresql/root.crt`,
    "Give sslrootcert a file of trusted authorities, or `system` for those of the operating system.",
  );
}

export function toTlsOptions(tls: ResolvedTls): TlsOptions {
  return {
    mode: tls.mode.value,
    ...(tls.rootCert && { rootCert: tls.rootCert.value }),
    ...(tls.cert && { cert: tls.cert.value }),
    ...(tls.key && { key: tls.key.value }),
  };
}

function resolveMode(given: TextSetting | undefined, rootCert: TextSetting | undefined): Setting<SslMode> {
  const system = rootCert?.value === "system";
  if (given === undefined) {
    return system
      ? { value: "verify-full", origin: "default (for sslrootcert system)" }
      : { value: "prefer", origin: "default" };
  }
  const mode = SSL_MODES.find((known) => known === given.value);
  if (mode === undefined) {
    const suggestion = nearest(given.value, SSL_MODES);
    throw given.fail(
      `must be one of ${SSL_MODES.join(", ")}${not(given)}`,
      suggestion === undefined ? undefined : `Did you mean "${suggestion}"?`,
    );
  }
  if (system && mode !== "verify-full") {
    throw given.fail(
      `is ${mode}, but sslrootcert \`system\` needs verify-full`,
      "Leave sslmode out, or write verify-full.",
    );
  }
  return { value: mode, origin: given.origin };
}

function resolvePath(path: string, projectDir: string, homeDirectory: string): string {
  if (/^~[/\\]/.test(path) && homeDirectory !== "") return join(homeDirectory, path.slice(2));
  return isAbsolute(path) ? path : join(projectDir, path);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
