import { setTimeout as sleep } from "node:timers/promises";
import { ConfitureError } from "#errors/error.ts";
import { clipName } from "#sql/clip-name.ts";
import { Authentication } from "./authentication/authentication.ts";
import type { ByteStream } from "./byte-stream.ts";
import { endPointHash } from "./authentication/certificate-hash.ts";
import type { Database, OpenOptions } from "./database.ts";
import { type Greeting, handOver, startSession } from "./handshake.ts";
import { hostsOf, inOrder, mismatch, passesFor } from "./hosts.ts";
import { openSession } from "./session.ts";
import type { ServerTarget, SessionAttributes } from "./target.ts";
import {
  describeAddress,
  encryptionAttempts,
  isUnixSocket,
  openSocket,
  resolveHost,
  type Encryption,
} from "./transport.ts";
import {
  mayPass,
  interrupted,
  NextHost,
  hintForHosts,
  tooSlow,
  worthTheOtherWay,
  explain,
} from "./connect-failures.ts";

/**
 * Connects to a server; with `options.wait`, again and again until it answers.
 * @throws ConfitureError `connect_failed`, `connect_auth`, `connect_tls`, `connect_no_database`, or `config_invalid` without a user
 */
export async function openServer(target: ServerTarget, options: OpenOptions = {}): Promise<Database> {
  if (target.user === "") throw nameless();
  const started = performance.now();
  const isInterrupted = (): boolean => options.signal?.aborted === true;
  for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
    try {
      if (isInterrupted()) throw interrupted(options.signal?.reason);
      return await connect(target, options);
    } catch (error) {
      if (isInterrupted()) throw interrupted(error);
      if (!(error instanceof ConfitureError) || !mayPass(error)) throw error;
      const left = (options.wait ?? 0) - (performance.now() - started);
      if (left <= 0) throw error;
      options.onRetry?.(error);
      await pauseFor(Math.min(pause, left), options.signal);
    }
  }
}

/** A process under a number without a name, as in a container. */
function nameless(): ConfitureError {
  return new ConfitureError(
    "config_invalid",
    "No database user is given, and the operating system's user has no name",
    {
      hint: "Give `user` in the environment file, or set PGUSER.",
    },
  );
}

async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw interrupted(cause);
  }
}

/** Tries the hosts in turn, as libpq does: the next one when one cannot be reached, is starting up, or is not what is wanted. */
async function connect(target: ServerTarget, options: OpenOptions): Promise<Database> {
  const hosts = hostsOf(target);
  const failures: ConfitureError[] = [];
  for (const wanted of passesFor(target.sessionAttributes ?? "any")) {
    failures.length = 0;
    for (const host of hosts) {
      try {
        return await connectToHost(host, wanted, options);
      } catch (error) {
        if (!(error instanceof NextHost)) throw error;
        failures.push(error.error);
      }
    }
  }
  const [first] = failures;
  if (first === undefined) throw new ConfitureError("internal", "no host was tried");
  if (failures.length === 1) throw first;
  throw new ConfitureError("connect_failed", `None of ${failures.length} hosts can be used`, {
    hint: hintForHosts(target, failures),
    cause: first,
  });
}

/** Tries the addresses of one host in turn: the next one only when one cannot be reached. */
async function connectToHost(host: ServerTarget, wanted: SessionAttributes, options: OpenOptions): Promise<Database> {
  let failure: ConfitureError | undefined;
  const resolving = deadline(host, options.signal);
  const addresses = await resolveHost(host, resolving.signal)
    .catch((error: ConfitureError) => {
      throw new NextHost(error);
    })
    .finally(resolving.clear);
  for (const ip of inOrder(host, addresses)) {
    const { signal, clear } = deadline(host, options.signal);
    try {
      return await connectToAddress(host, ip, wanted, options, signal);
    } catch (error) {
      const given = error instanceof NextHost ? error.error : error;
      const overdue = signal.aborted && options.signal?.aborted !== true;
      const shown = overdue ? tooSlow(host, given) : given;
      if (error instanceof NextHost || !(shown instanceof ConfitureError)) throw error;
      if (shown.code !== "connect_failed" || (shown.server !== undefined && !overdue)) throw shown;
      failure = shown;
    } finally {
      clear();
    }
  }
  throw new NextHost(failure!);
}

/** The time for one address, and the signal that ends everything. */
function deadline(target: ServerTarget, parent: AbortSignal | undefined): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error("interrupted"));
  if (parent?.aborted === true) abort();
  parent?.addEventListener("abort", abort);
  const { connectTimeout } = target;
  const expire = (): void => controller.abort(new Error(`no answer within ${connectTimeout / 1000} s`));
  const timer = connectTimeout > 0 ? setTimeout(expire, connectTimeout) : undefined;
  const clear = (): void => {
    clearTimeout(timer);
    parent?.removeEventListener("abort", abort);
  };
  return { signal: controller.signal, clear };
}

/** Makes libpq's attempts for the sslmode at one address. */
async function connectToAddress(
  host: ServerTarget,
  ip: string,
  wanted: SessionAttributes,
  options: OpenOptions,
  signal: AbortSignal,
): Promise<Database> {
  const attempts = encryptionAttempts(host);
  for (const [index, encryption] of attempts.entries()) {
    try {
      return await attempt(host, ip, encryption, wanted, options, signal);
    } catch (error) {
      const isLast = index === attempts.length - 1;
      if (isLast || signal.aborted || !worthTheOtherWay(error)) throw error;
    }
  }
  throw new ConfitureError("internal", "no connection attempt was made");
}

async function attempt(
  host: ServerTarget,
  ip: string,
  encryption: Encryption,
  wanted: SessionAttributes,
  options: OpenOptions,
  signal: AbortSignal,
): Promise<Database> {
  const stream = await openSocket(host, ip, encryption, signal);
  try {
    const greeting = await greet(host, stream, signal);
    handOver(stream, greeting);
    const destroy = (): void => void stream.destroy();
    signal.addEventListener("abort", destroy);
    const session = await openSession({
      ...options,
      engine: "server",
      user: host.user,
      database: host.database,
      applicationName: host.applicationName,
      stream,
      connectAgain: (giveUp) => openSocket(host, ip, encryption, giveUp),
    });
    signal.removeEventListener("abort", destroy);
    await requireAttributes(host, session, wanted, greeting);
    return { ...session, host };
  } catch (error) {
    throw explain(host, error);
  }
}

async function greet(host: ServerTarget, stream: ByteStream, signal: AbortSignal): Promise<Greeting> {
  const certificate = peerCertificate(stream);
  const server = describeAddress(host);
  return await startSession(stream, {
    server,
    signal,
    parameters: {
      // The server cuts names in this message in the middle of a character, which is the name of nothing that it has made.
      user: clipName(host.user),
      database: clipName(host.database),
      client_encoding: "UTF8",
      ...(host.applicationName === "" ? {} : { application_name: host.applicationName }),
      ...(host.options === undefined ? {} : { options: host.options }),
      ...host.settings,
    },
    authentication: new Authentication({
      server,
      user: host.user,
      password: host.password,
      rules: host.authentication ?? {},
      isEncrypted: certificate !== undefined,
      isPrivate: certificate !== undefined || isUnixSocket(host),
      endPoint: certificate === undefined ? undefined : endPointHash(certificate),
    }),
  });
}

/** In DER; undefined without TLS. */
function peerCertificate(stream: ByteStream): Uint8Array | undefined {
  return "getPeerCertificate" in stream
    ? (stream as unknown as { getPeerCertificate(): { raw: Uint8Array } }).getPeerCertificate().raw
    : undefined;
}

/** @throws NextHost when the server is not what `target_session_attrs` asks for */
async function requireAttributes(
  host: ServerTarget,
  session: Database,
  wanted: SessionAttributes,
  { parameters }: Greeting,
): Promise<void> {
  if (wanted === "any") return;
  let inHotStandby = parameters.get("in_hot_standby");
  let readOnly = parameters.get("default_transaction_read_only");
  if (inHotStandby === undefined || readOnly === undefined) {
    // A pooler does not pass them on.
    const [row] = await session.query<{ standby: boolean; readonly: string }>(
      "select pg_catalog.pg_is_in_recovery() as standby, pg_catalog.current_setting('transaction_read_only') as readonly",
    );
    inHotStandby = row?.standby === true ? "on" : "off";
    readOnly = row?.readonly ?? "off";
  }
  const why = mismatch(wanted, { inHotStandby: inHotStandby === "on", readOnly: readOnly === "on" });
  if (why === undefined) return;
  await session.close();
  throw new NextHost(
    new ConfitureError("connect_failed", `The server at ${describeAddress(host)} ${why}`, {
      hint: `target_session_attrs asks for ${host.sessionAttributes ?? wanted}. Name all hosts, separated by commas, so that the right one is found.`,
    }),
  );
}
