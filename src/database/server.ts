import { setTimeout as sleep } from "node:timers/promises";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { Database, OpenOptions } from "./database.ts";
import { openSession } from "./session.ts";
import type { ServerTarget } from "./target.ts";
import { describeAddress, encryptionAttempts, openSocket, psqlCommand, type Encryption } from "./transport.ts";

/**
 * Connects to a server; with `options.wait`, again and again until it answers.
 * @throws ConfitureError `connect_failed`, `connect_auth`, `connect_tls` or `connect_no_database`
 */
export async function openServer(target: ServerTarget, options: OpenOptions = {}): Promise<Database> {
  const started = performance.now();
  const isInterrupted = (): boolean => options.signal?.aborted === true;
  for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
    try {
      if (isInterrupted()) throw interrupted(options.signal?.reason);
      return await connect(target, options);
    } catch (error) {
      if (isInterrupted()) throw interrupted(error);
      // A wrong password or a missing database does not get better by waiting.
      if (!(error instanceof ConfitureError) || error.code !== "connect_failed") throw error;
      const left = (options.wait ?? 0) - (performance.now() - started);
      if (left <= 0) throw error;
      options.onRetry?.(error);
      await pauseFor(Math.min(pause, left), options.signal);
    }
  }
}

async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw interrupted(cause);
  }
}

function interrupted(cause: unknown): ConfitureError {
  return new ConfitureError("interrupted", "Interrupted while connecting to the server", { cause });
}

/** Makes libpq's attempts for the sslmode. */
async function connect(target: ServerTarget, options: OpenOptions): Promise<Database> {
  const attempts = encryptionAttempts(target);
  for (const [index, encryption] of attempts.entries()) {
    try {
      return await attempt(target, encryption, options);
    } catch (error) {
      const isLast = index === attempts.length - 1;
      if (isLast || !worthTheOtherWay(error)) throw error;
    }
  }
  throw new ConfitureError("internal", "no connection attempt was made");
}

async function attempt(target: ServerTarget, encryption: Encryption, options: OpenOptions): Promise<Database> {
  try {
    return await openSession({
      ...options,
      engine: "server",
      user: target.user,
      database: target.database,
      password: target.password,
      applicationName: target.applicationName,
      options: target.options,
      connectTimeout: target.connectTimeout,
      socket: () => openSocket(target, encryption, options.signal),
    });
  } catch (error) {
    throw explain(target, error);
  }
}

/** libpq changes between plain and encrypted when the handshake or the server's pg_hba.conf refuses one of them. */
function worthTheOtherWay(error: unknown): boolean {
  return error instanceof ConfitureError && (error.code === "connect_tls" || error.server?.sqlstate === "28000");
}

/** A failure during startup, in terms of what the user wrote. */
function explain(target: ServerTarget, error: unknown): unknown {
  if (!(error instanceof ConfitureError)) return error;
  const where = describeAddress(target);
  if (error.code === "connection_lost") {
    return error.with({
      code: "connect_failed",
      message: `The server at ${where} closed the connection before it was ready`,
      hint: "It may be starting up, shutting down, or not a PostgreSQL server.",
    });
  }
  switch (error.server?.sqlstate) {
    case "28P01":
    case "28000":
      return error.with({
        code: "connect_auth",
        message: `The server at ${where} refused user "${target.user}": ${error.server.message}`,
        hint:
          target.password === undefined
            ? "No password was given. Set database.password in the environment file, PGPASSWORD, or a line in ~/.pgpass."
            : `Check user and password; \`confiture config show\` tells where they come from. Try: ${psqlCommand(target)}`,
      });
    case "3D000":
      return error.with({
        code: "connect_no_database",
        message: `The database "${target.database}" does not exist on ${where}`,
        hint: `Create it: confiture db create (or createdb -h ${shellWord(target.host)} -p ${target.port} -U ${shellWord(target.user)} ${shellWord(target.database)})`,
      });
    default:
      return error.server === undefined
        ? error
        : error.with({ code: "connect_failed", message: `Cannot connect to ${where}: ${error.server.message}` });
  }
}
