import { readdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readRegularFile } from "#files/read.ts";
import { reasonOf } from "#files/reason.ts";
import type { Socket } from "./socket.ts";
import type { ServerTarget, TlsOptions } from "./target.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** The protocol's name in a TLS handshake that begins without SSLRequest. */
const ALPN = "postgresql";

/**
 * The connection, encrypted from here on as the target asks for it.
 * @param server "localhost:5432", for messages
 * @param signal gives up; its reason is the error's cause
 * @throws ConfitureError `connect_tls`
 */
export async function upgrade(
  plain: Socket,
  target: ServerTarget,
  server: string,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const options = tlsOptions(target);
  let socket: tls.TLSSocket | undefined;
  try {
    // Throws for a certificate or key that cannot be read as one.
    socket = tls.connect({ ...options, socket: new PlainStream(plain) });
    await unlessAborted(signal, secured(socket));
    socket.on("error", () => {});
    if (target.tls.direct === true && socket.alpnProtocol !== ALPN) {
      throw new Error("the server does not speak PostgreSQL's protocol over TLS directly");
    }
    return socket;
  } catch (cause) {
    socket?.destroy();
    throw tlsFailed(target, server, cause as Error);
  }
}

/** A connection as a stream of Node, which is what its TLS takes. */
class PlainStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error as Error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy(error ?? undefined);
    done(error);
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

/**
 * The lists of revoked certificates; a folder's are the files that OpenSSL would find there, named by a hash.
 * @throws ConfitureError `connect_tls`, also for a folder without any: with no list, nothing would be looked up
 */
function revocations(crl: string | undefined, crlDir: string | undefined, options: TlsOptions): Buffer[] {
  const lists = crl === undefined ? [] : [readPem(crl, "sslcrl", options)];
  if (crlDir === undefined) return lists;
  try {
    const names = readdirSync(crlDir).filter((name) => /^[0-9a-f]{8}\.r\d+$/.test(name));
    lists.push(...names.toSorted().map((name) => readPem(join(crlDir, name), "sslcrldir", options)));
  } catch (cause) {
    throw cause instanceof ConfitureError ? cause : unreadable(crlDir, "sslcrldir", options, cause);
  }
  if (lists.length > 0) return lists;
  throw new ConfitureError("connect_tls", `sslcrldir ${crlDir} holds no list of revoked certificates`, {
    hint: `Lists are found there by names such as 9d66eef0.r0, which this gives them: openssl rehash ${shellWord(crlDir)}`,
  });
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

function tlsFailed(target: ServerTarget, server: string, cause: Error): ConfitureError {
  if (cause instanceof ConfitureError) return cause;
  const code = (cause as NodeJS.ErrnoException).code;
  return new ConfitureError(
    "connect_tls",
    `The encrypted connection to ${server} failed (sslmode ${target.tls.mode}): ${cause.message}`,
    { hint: code === undefined ? undefined : TLS_HINTS[code], cause },
  );
}
