import { lookup } from "node:dns/promises";
import { readdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readRegularFile } from "#files/read.ts";
import { reasonOf } from "#files/reason.ts";
import { notPostgres } from "./handshake.ts";
import type { ServerAddress, ServerTarget, TlsOptions } from "./target.ts";

/** How one attempt treats encryption. `sslmode` is a list of these, tried in order. */
export type Encryption = "none" | "if-offered" | "required";

/** PostgreSQL's SSLRequest: length 8, code 80877103 (protocol manual, "SSL Session Encryption"). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** The protocol's name in a TLS handshake that begins without SSLRequest. */
const ALPN = "postgresql";

/**
 * The attempts that libpq makes for an sslmode: `allow` tries plain first, `prefer` encrypted first.
 * Unix sockets are never encrypted.
 */
export function encryptionAttempts(target: ServerTarget): readonly Encryption[] {
  if (isUnixSocket(target)) return ["none"];
  switch (target.tls.mode) {
    case "disable":
      return ["none"];
    case "allow":
      return ["none", "required"];
    case "prefer":
      return ["if-offered", "none"];
    case "require":
    case "verify-ca":
    case "verify-full":
      return ["required"];
  }
}

export function isUnixSocket(address: ServerAddress): boolean {
  return address.hostAddress === undefined && address.host.startsWith("/");
}

/** "localhost:5432" or the socket file, for messages. */
export function describeAddress(address: ServerAddress): string {
  if (isUnixSocket(address)) return socketFile(address);
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const ip =
    address.hostAddress === undefined || address.hostAddress === address.host ? "" : ` (${address.hostAddress})`;
  return `${host}:${address.port}${ip}`;
}

/**
 * The IP addresses of a host, in the system's order; a path or an address stands for itself.
 * @throws ConfitureError `connect_failed`
 */
export async function resolveHost(target: ServerTarget, signal: AbortSignal): Promise<readonly string[]> {
  if (target.hostAddress !== undefined) return [target.hostAddress];
  if (isUnixSocket(target) || net.isIP(target.host) !== 0) return [target.host];
  try {
    const found = await unlessAborted(signal, lookup(target.host, { all: true }));
    return [...new Set(found.map(({ address }) => address))];
  } catch (cause) {
    throw connectFailed(target, cause as Error);
  }
}

/**
 * A connected byte stream to the server, encrypted as asked, ready for the startup message.
 * @param ip one of `resolveHost`
 * @param signal gives up; its reason is the error's cause
 * @throws ConfitureError `connect_failed` or `connect_tls`
 */
export async function openSocket(
  target: ServerTarget,
  ip: string,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Duplex> {
  const socket = net.connect(isUnixSocket(target) ? { path: socketFile(target) } : { host: ip, port: target.port });
  socket.on("error", () => {});
  try {
    await unlessAborted(signal, connected(socket)).catch((cause: Error) => {
      throw connectFailed(target, cause);
    });
    socket.setNoDelay(true);
    const keepalive = target.keepalive ?? 30;
    if (keepalive > 0) socket.setKeepAlive(true, keepalive * 1000);
    return await encrypted(socket, target, encryption, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function encrypted(
  socket: net.Socket,
  target: ServerTarget,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Duplex> {
  if (encryption === "none") return socket;
  if (target.tls.direct === true || (await serverOffersTls(socket, target, signal))) {
    return await upgrade(socket, target, signal);
  }
  if (encryption === "if-offered") return socket;
  throw new ConfitureError("connect_tls", `The server at ${describeAddress(target)} does not offer encryption`, {
    hint: `sslmode is ${target.tls.mode}. Turn on ssl in the server's postgresql.conf, or use sslmode: prefer if a plain connection is acceptable.`,
  });
}

function socketFile({ host, port }: ServerAddress): string {
  return `${host.replace(/\/+$/, "")}/.s.PGSQL.${port}`;
}

function connected(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve();
    });
  });
}

/** Rejects with the signal's reason as soon as it is aborted. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host name cannot be resolved",
  DNS_ENOTFOUND: "host not found",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENOENT: "no such socket",
  EACCES: "permission denied",
};

function connectFailed(target: ServerTarget, cause: Error): ConfitureError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const reason = REASONS[code] ?? cause.message;
  const from = target.origin === undefined ? "" : ` (here: ${target.origin})`;
  return new ConfitureError("connect_failed", `Cannot connect to PostgreSQL at ${describeAddress(target)}: ${reason}`, {
    hint: isUnixSocket(target)
      ? `Is the server running, and does it keep its socket in that directory? \`confiture config show\` tells where the host comes from${from}.`
      : `Is the server running, and are host and port right? \`confiture config show\` tells where they come from${from}. Try: ${psqlCommand(target)}`,
    cause,
  });
}

/** The command line that tries the same with psql. */
export function psqlCommand({ host, port, user, database }: ServerTarget): string {
  return `psql -h ${shellWord(host)} -p ${port} -U ${shellWord(user)} -d ${shellWord(database)} -c "SELECT 1"`;
}

/** Sends SSLRequest and reads the one-byte answer. */
async function serverOffersTls(socket: net.Socket, target: ServerTarget, signal: AbortSignal): Promise<boolean> {
  const answering = new Promise<Buffer>((resolve, reject) => {
    socket.once("data", (chunk: Buffer) => {
      // What comes next is for the handshake.
      socket.pause();
      resolve(chunk);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
    socket.write(SSL_REQUEST);
  });
  const answer = await unlessAborted(signal, answering).catch((cause: Error) => {
    throw connectFailed(target, cause);
  });
  // Bytes sent together with the answer would be read as if they were encrypted (CVE-2021-23222).
  if (answer.length !== 1 && answer[0] !== 0x45) {
    throw new ConfitureError(
      "connect_tls",
      `The server at ${describeAddress(target)} sent data before encryption began`,
    );
  }
  if (answer[0] === 0x53) return true;
  if (answer[0] === 0x4e) return false;
  throw notPostgres(describeAddress(target));
}

async function upgrade(plain: net.Socket, target: ServerTarget, signal: AbortSignal): Promise<tls.TLSSocket> {
  const options = tlsOptions(target);
  let socket: tls.TLSSocket | undefined;
  try {
    // Throws for a certificate or key that cannot be read as one.
    socket = tls.connect({ ...options, socket: plain });
    await unlessAborted(signal, secured(socket));
    socket.on("error", () => {});
    if (target.tls.direct === true && socket.alpnProtocol !== ALPN) {
      throw new Error("the server does not speak PostgreSQL's protocol over TLS directly");
    }
    return socket;
  } catch (cause) {
    socket?.destroy();
    throw tlsFailed(target, cause as Error);
  }
}

function secured(socket: tls.TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error("the server closed the connection during the TLS handshake"));
    socket.once("error", reject).once("close", onClose);
    socket.once("secureConnect", () => {
      socket.off("error", reject).off("close", onClose);
      resolve();
    });
  });
}

function tlsOptions(target: ServerTarget): tls.ConnectionOptions {
  const { mode, rootCert, cert, key, keyPassword, crl, crlDir, sni, minVersion, maxVersion, direct } = target.tls;
  // As in libpq, `require` with a root certificate at hand verifies the chain (sslmode documentation).
  const verifies = mode === "verify-full" || mode === "verify-ca" || (mode === "require" && rootCert !== undefined);
  if (verifies && rootCert === undefined) {
    throw new ConfitureError("connect_tls", `sslmode ${mode} needs a root certificate to check the server against`, {
      hint: "Set sslrootcert to the file of the authority that signed the server's certificate, or to `system` for the system's authorities.",
    });
  }
  const checksName = mode === "verify-full" || rootCert === "system";
  const revoked = verifies ? revocations(crl, crlDir, target.tls) : [];
  return {
    host: target.host,
    ...(sni !== false && net.isIP(target.host) === 0 ? { servername: target.host } : {}),
    rejectUnauthorized: verifies,
    ...(verifies && rootCert !== undefined && rootCert !== "system"
      ? { ca: readPem(rootCert, "sslrootcert", target.tls) }
      : {}),
    ...(revoked.length > 0 ? { crl: revoked } : {}),
    ...(cert !== undefined && key !== undefined
      ? { cert: readPem(cert, "sslcert", target.tls), key: readPem(key, "sslkey", target.tls) }
      : {}),
    ...(keyPassword === undefined ? {} : { passphrase: keyPassword.reveal() }),
    minVersion: minVersion ?? "TLSv1.2",
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(direct === true ? { ALPNProtocols: [ALPN] } : {}),
    checkServerIdentity: checksName
      ? (_host, certificate) => tls.checkServerIdentity(target.host, certificate)
      : () => undefined,
  };
}

/** The lists of revoked certificates; a folder's are the files that OpenSSL would find there, named by a hash. */
function revocations(crl: string | undefined, crlDir: string | undefined, options: TlsOptions): Buffer[] {
  const lists = crl === undefined ? [] : [readPem(crl, "sslcrl", options)];
  if (crlDir === undefined) return lists;
  try {
    const names = readdirSync(crlDir).filter((name) => /^[0-9a-f]{8}\.r\d+$/.test(name));
    return [...lists, ...names.toSorted().map((name) => readPem(join(crlDir, name), "sslcrldir", options))];
  } catch (cause) {
    throw cause instanceof ConfitureError ? cause : unreadable(crlDir, "sslcrldir", options, cause);
  }
}

function readPem(path: string, setting: string, options: TlsOptions): Buffer {
  try {
    return readRegularFile(path, `${setting} ${path}`);
  } catch (cause) {
    if (!(cause instanceof ConfitureError) || cause.code !== "file_unreadable") throw cause;
    throw unreadable(path, setting, options, cause.cause);
  }
}

function unreadable(path: string, setting: string, options: TlsOptions, cause: unknown): ConfitureError {
  return new ConfitureError("connect_tls", `Cannot read ${setting} ${path}: ${reasonOf(cause)}`, {
    hint: `sslmode is ${options.mode}. Give a path of PEM files, relative to the project.`,
    cause,
  });
}

const UNTRUSTED =
  "The certificate is not signed by the authority in sslrootcert. Get the right authority file from the server's administrator.";

const TLS_HINTS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_HAS_EXPIRED: "The server's certificate has expired. Renew it on the server.",
  CERT_REVOKED:
    "The authority has revoked the server's certificate. Do not send a password there; ask the administrator.",
  UNABLE_TO_GET_CRL:
    "sslcrl (or sslcrldir, or ~/.postgresql/root.crl) has no list of the authority that signed the certificate. Get its current list.",
  CRL_HAS_EXPIRED: "The list of revoked certificates is out of date. Get the authority's current one.",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "The certificate is for another host name. Connect by the name it was made for, or use sslmode: verify-ca.",
};

function tlsFailed(target: ServerTarget, cause: Error): ConfitureError {
  if (cause instanceof ConfitureError) return cause;
  const code = (cause as NodeJS.ErrnoException).code;
  return new ConfitureError(
    "connect_tls",
    `The encrypted connection to ${describeAddress(target)} failed (sslmode ${target.tls.mode}): ${cause.message}`,
    { hint: code === undefined ? undefined : TLS_HINTS[code], cause },
  );
}
