import { readFileSync } from "node:fs";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { ServerTarget, TlsOptions } from "./target.ts";

/** How one attempt treats encryption. `sslmode` is a list of these, tried in order. */
export type Encryption = "none" | "if-offered" | "required";

/** PostgreSQL's SSLRequest: length 8, code 80877103 (protocol manual, "SSL Session Encryption"). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

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

function isUnixSocket(target: ServerTarget): boolean {
  return target.host.startsWith("/");
}

/** "localhost:5432" or the socket file, for messages. */
export function describeAddress(target: ServerTarget): string {
  if (isUnixSocket(target)) return socketFile(target);
  return target.host.includes(":") ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/** The command line that tries the same with psql. */
export function psqlCommand({ host, port, user, database }: ServerTarget): string {
  return `psql -h ${shellWord(host)} -p ${port} -U ${shellWord(user)} -d ${shellWord(database)} -c "SELECT 1"`;
}

/**
 * A connected byte stream to the server, encrypted as asked, ready for the startup message.
 * @param signal gives up
 * @throws ConfitureError `connect_failed` or `connect_tls`
 */
export async function openSocket(target: ServerTarget, encryption: Encryption, signal?: AbortSignal): Promise<Duplex> {
  const socket = net.connect(
    isUnixSocket(target) ? { path: socketFile(target) } : { host: target.host, port: target.port },
  );
  const giveUp = (): void => void socket.destroy(new Error("interrupted"));
  signal?.addEventListener("abort", giveUp);
  try {
    await connected(socket, target);
    return await encrypted(socket, target, encryption);
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

async function encrypted(socket: net.Socket, target: ServerTarget, encryption: Encryption): Promise<Duplex> {
  if (encryption === "none") return socket;
  try {
    if (await serverOffersTls(socket, target)) return await upgrade(socket, target);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  if (encryption === "if-offered") return socket;
  socket.destroy();
  throw new ConfitureError("connect_tls", `The server at ${describeAddress(target)} does not offer encryption`, {
    hint: `sslmode is ${target.tls.mode}. Turn on ssl in the server's postgresql.conf, or use sslmode: prefer if a plain connection is acceptable.`,
  });
}

function socketFile(target: ServerTarget): string {
  return `${target.host.replace(/\/+$/, "")}/.s.PGSQL.${target.port}`;
}

function connected(socket: net.Socket, target: ServerTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer =
      target.connectTimeout > 0
        ? setTimeout(() => fail(new Error(`no answer within ${target.connectTimeout / 1000} s`)), target.connectTimeout)
        : undefined;
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(connectFailed(target, cause));
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeListener("error", fail);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      resolve();
    });
  });
}

function connectFailed(target: ServerTarget, cause: Error): ConfitureError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const reasons: Record<string, string> = {
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
  const reason = reasons[code] ?? cause.message;
  return new ConfitureError("connect_failed", `Cannot connect to PostgreSQL at ${describeAddress(target)}: ${reason}`, {
    hint: isUnixSocket(target)
      ? "Is the server running, and does it keep its socket in that directory? `confiture config show` tells where the host comes from."
      : `Is the server running, and are host and port right? \`confiture config show\` tells where they come from. Try: ${psqlCommand(target)}`,
    cause,
  });
}

/** Sends SSLRequest and reads the one-byte answer. */
async function serverOffersTls(socket: net.Socket, target: ServerTarget): Promise<boolean> {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const timer =
      target.connectTimeout > 0
        ? setTimeout(() => settle(new Error("no answer to the request for encryption")), target.connectTimeout)
        : undefined;
    const onData = (chunk: Buffer): void => settle(chunk);
    const onError = (error: Error): void => settle(error);
    const onClose = (): void => settle(new Error("the server closed the connection"));
    const settle = (outcome: Buffer | Error): void => {
      clearTimeout(timer);
      socket.removeListener("data", onData).removeListener("error", onError).removeListener("close", onClose);
      if (outcome instanceof Error) reject(connectFailed(target, outcome));
      else resolve(outcome);
    };
    socket.on("data", onData).on("error", onError).on("close", onClose);
    socket.write(SSL_REQUEST);
  });
  // Bytes sent together with the answer would be read as if they were encrypted (CVE-2021-23222).
  if (answer.length !== 1) {
    throw new ConfitureError(
      "connect_tls",
      `The server at ${describeAddress(target)} sent data before encryption began`,
    );
  }
  if (answer[0] === 0x53) return true;
  if (answer[0] === 0x4e) return false;
  throw new ConfitureError("connect_failed", `What answers at ${describeAddress(target)} is not PostgreSQL`);
}

function upgrade(plain: net.Socket, target: ServerTarget): Promise<tls.TLSSocket> {
  const options = tlsOptions(target);
  return new Promise((resolve, reject) => {
    let socket: tls.TLSSocket;
    try {
      socket = tls.connect({ ...options, socket: plain });
    } catch (cause) {
      // A certificate or key that cannot be read as one.
      reject(tlsFailed(target, cause as Error));
      return;
    }
    const timer =
      target.connectTimeout > 0
        ? setTimeout(() => fail(new Error("the TLS handshake did not finish in time")), target.connectTimeout)
        : undefined;
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(tlsFailed(target, cause));
    };
    const onClose = (): void => fail(new Error("the server closed the connection during the TLS handshake"));
    socket.once("error", fail).once("close", onClose);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.removeListener("error", fail).removeListener("close", onClose);
      resolve(socket);
    });
  });
}

function tlsOptions(target: ServerTarget): tls.ConnectionOptions {
  const { mode, rootCert, cert, key } = target.tls;
  // As in libpq, `require` with a root certificate at hand verifies the chain (sslmode documentation).
  const verifies = mode === "verify-full" || mode === "verify-ca" || (mode === "require" && rootCert !== undefined);
  if (verifies && rootCert === undefined) {
    throw new ConfitureError("connect_tls", `sslmode ${mode} needs a root certificate to check the server against`, {
      hint: "Set sslrootcert to the file of the authority that signed the server's certificate, or to `system` for the system's authorities.",
    });
  }
  const checksName = mode === "verify-full" || rootCert === "system";
  return {
    host: target.host,
    ...(net.isIP(target.host) === 0 ? { servername: target.host } : {}),
    rejectUnauthorized: verifies,
    ...(verifies && rootCert !== undefined && rootCert !== "system"
      ? { ca: readPem(rootCert, "sslrootcert", target.tls) }
      : {}),
    ...(cert !== undefined && key !== undefined
      ? { cert: readPem(cert, "sslcert", target.tls), key: readPem(key, "sslkey", target.tls) }
      : {}),
    checkServerIdentity: checksName
      ? (_host, certificate) => tls.checkServerIdentity(target.host, certificate)
      : () => undefined,
  };
}

function readPem(path: string, setting: string, options: TlsOptions): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfitureError("connect_tls", `Cannot read ${setting} ${path}: ${(cause as Error).message}`, {
      hint: `sslmode is ${options.mode}. Give the path of a PEM file, relative to the project.`,
      cause,
    });
  }
}

function tlsFailed(target: ServerTarget, cause: Error): ConfitureError {
  const code = (cause as NodeJS.ErrnoException).code;
  const untrusted =
    "The certificate is not signed by the authority in sslrootcert. Get the right authority file from the server's administrator.";
  const hints: Record<string, string> = {
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
    UNABLE_TO_GET_ISSUER_CERT: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
    CERT_HAS_EXPIRED: "The server's certificate has expired. Renew it on the server.",
    ERR_TLS_CERT_ALTNAME_INVALID:
      "The certificate is for another host name. Connect by the name it was made for, or use sslmode: verify-ca.",
  };
  return new ConfitureError(
    "connect_tls",
    `The encrypted connection to ${describeAddress(target)} failed (sslmode ${target.tls.mode}): ${cause.message}`,
    { hint: code === undefined ? undefined : hints[code], cause },
  );
}
