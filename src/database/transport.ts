import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { ByteStream } from "./byte-stream.ts";
import { notPostgres } from "./handshake.ts";
import { Socket } from "./socket.ts";
import type { ServerAddress, ServerTarget } from "./target.ts";
import { unlessAborted } from "./unless-aborted.ts";

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
  if (isUnixSocket(target) || isAddress(target.host)) return [target.host];
  try {
    // The system's own resolver, as psql has it: /etc/hosts, nsswitch.conf.
    const found = await unlessAborted(signal, Bun.dns.lookup(target.host, { backend: "system" }));
    return [...new Set(found.map(({ address }) => address))];
  } catch (cause) {
    throw connectFailed(target, cause as Error);
  }
}

/** Whether it needs no name server; a name has no colon, and a last part that is not a number. */
function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+(?:\.\d+){3}$/.test(host);
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
): Promise<ByteStream> {
  const to = isUnixSocket(target) ? { path: socketFile(target) } : { host: ip, port: target.port };
  const socket = await Socket.connect(to, signal).catch((cause: Error) => {
    throw connectFailed(target, cause);
  });
  try {
    socket.tune((target.keepalive ?? 30) * 1000);
    return await encrypted(socket, target, encryption, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function encrypted(
  socket: Socket,
  target: ServerTarget,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<ByteStream> {
  if (encryption === "none") return socket;
  if (target.tls.direct === true || (await serverOffersTls(socket, target, signal))) {
    const { upgrade } = await import("./tls.ts");
    return await upgrade(socket, target, describeAddress(target), signal);
  }
  if (encryption === "if-offered") return socket;
  throw new ConfitureError("connect_tls", `The server at ${describeAddress(target)} does not offer encryption`, {
    hint: `sslmode is ${target.tls.mode}. Turn on ssl in the server's postgresql.conf, or use sslmode: prefer if a plain connection is acceptable.`,
  });
}

function socketFile({ host, port }: ServerAddress): string {
  return `${host.replace(/\/+$/, "")}/.s.PGSQL.${port}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the server closed the connection",
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
async function serverOffersTls(socket: Socket, target: ServerTarget, signal: AbortSignal): Promise<boolean> {
  const answering = new Promise<Buffer>((resolve, reject) => {
    socket.once("data", (chunk: Buffer) => {
      // What comes next is for the handshake.
      socket.pause();
      resolve(chunk);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
    socket.resume();
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
