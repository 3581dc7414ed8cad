import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { reasonOf } from "#files/reason.ts";
import { countAnswer } from "../answers.ts";
import type { OpenOptions } from "../database.ts";
import { startEmbedded } from "./embedded.ts";
import { DATABASE, greet, USER } from "./greeting.ts";
import { errorMessage } from "./protocol.ts";
import { EmbeddedSocket } from "./socket.ts";
import { Turns } from "./turns.ts";
import { type Client } from "./client.ts";
import { scramVerifier } from "../authentication/scram-server.ts";
import type { EmbeddedTarget, Secret } from "../target.ts";

const LOOPBACK = "127.0.0.1";
/** As PostgreSQL's max_connections. */
const MOST_CLIENTS = 100;

export interface ServeOptions extends Pick<OpenOptions, "lockWait" | "onHeld" | "signal"> {
  /** Of the loopback interface; 0 for a free one. */
  readonly port: number;
  /** What clients on the port have to know; those on the unix socket need the rights to its folder. */
  readonly password: Secret;
  /** A folder for the unix socket that this user alone may enter; undefined for no such socket. */
  readonly socketFolder: string | undefined;
  /** Hears that a client waits for long. */
  readonly onStalled?: (waiting: string, holder: string) => void;
}

/** A running server. */
export interface Served {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Rejects when PostgreSQL has broken down. */
  readonly failed: Promise<never>;
  /** Ends all sessions, rolling back what is open, and stops PostgreSQL. */
  stop(): Promise<void>;
}

/**
 * Serves the PostgreSQL inside this process to other programs, on a port of the loopback interface and on a unix socket that
 * only this user may use.
 * @throws ConfitureError `embedded_failed`, `embedded_in_use`, `serve_failed`
 */
export async function serveEmbedded(target: EmbeddedTarget, options: ServeOptions): Promise<Served> {
  const verifier = await scramVerifier(options.password.reveal());
  const engine = await startEmbedded(target, options);
  const failing = Promise.withResolvers<never>();
  failing.promise.catch(() => {});
  const turns = new Turns(engine.backend, (waiting, holder) => options.onStalled?.(waiting.name, holder.name));
  const clients = new Map<number, Client>();
  const sockets = new Set<Socket>();
  let count = 0;

  const accept = async (socket: Socket, isLocal: boolean): Promise<void> => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    const greeted = await greet(socket, {
      verifier: isLocal ? undefined : verifier,
      onCancel(secret) {
        const client = clients.get(secret);
        if (client !== undefined) turns.cancel(client);
      },
    });
    if (greeted === undefined) {
      if (!socket.writableEnded) socket.destroy();
      return;
    }
    if (clients.size >= MOST_CLIENTS) {
      socket.end(errorMessage("FATAL", "53300", "sorry, too many clients already"));
      return;
    }
    const number = ++count;
    const client = turns.join(`client ${number}${greeted.application === "" ? "" : ` (${greeted.application})`}`);
    clients.set(client.secret, client);
    const inner = new EmbeddedSocket(client, () => clients.delete(client.secret));
    connect(socket, inner, failing.reject);
    inner.write(greeted.startup);
    if (greeted.rest.length > 0) inner.write(greeted.rest);
  };

  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    for (const server of servers) server.close();
    for (const socket of sockets) {
      socket.end(errorMessage("FATAL", "57P01", "terminating connection due to administrator command"));
      socket.destroySoon();
    }
    countAnswer();
    await engine.close();
    countAnswer();
  };
  try {
    const tcp = createServer((socket) => void accept(socket, false));
    servers.push(tcp);
    await listen(tcp, { host: LOOPBACK, port: options.port }, `${LOOPBACK}:${options.port}`);
    const address = tcp.address();
    const port = typeof address === "object" && address !== null ? address.port : options.port;
    if (options.socketFolder !== undefined) {
      const local = createServer((socket) => void accept(socket, true));
      servers.push(local);
      const path = join(options.socketFolder, `.s.PGSQL.${port}`);
      await listen(local, { path }, path);
    }
    return { host: LOOPBACK, port, user: USER, database: DATABASE, failed: failing.promise, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Connects a client's socket with its end of the backend, in both directions and no faster than the other side takes it. */
function connect(socket: Socket, inner: EmbeddedSocket, onBroken: (error: unknown) => void): void {
  socket.on("data", (chunk: Buffer) => {
    socket.pause();
    inner.write(chunk, () => socket.resume());
  });
  // The writes before it are through when it comes.
  socket.on("end", () => inner.end()).on("close", () => inner.destroy());
  socket.on("drain", () => inner.resume());
  inner.on("data", (bytes: Buffer) => {
    if (!socket.writable || !socket.write(bytes)) inner.pause();
  });
  inner.on("end", () => socket.end()).on("close", () => socket.end());
  inner.on("error", (error) => {
    if (error instanceof ConfitureError) onBroken(error);
    socket.destroy();
  });
  socket.resume();
}

async function listen(server: Server, options: ListenOptions, where: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === "EADDRINUSE";
      reject(
        new ConfitureError("serve_failed", `Cannot listen at ${where}: ${isTaken ? "it is in use" : reasonOf(cause)}`, {
          hint: isTaken
            ? "Another server has this port. Choose another: --port N, or leave it out for a free one."
            : undefined,
          cause,
        }),
      );
    });
    server.listen(options, resolve);
  });
}
