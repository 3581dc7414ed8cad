import type { Duplex } from "node:stream";
import { ConfitureError } from "#errors/error.ts";
import type { Database, OpenOptions } from "./database.ts";
import { PGliteBackend } from "./embedded-backend.ts";
import { EmbeddedSocket } from "./embedded-socket.ts";
import { openSession } from "./session.ts";
import type { EmbeddedTarget } from "./target.ts";

export interface EmbeddedOptions {
  /** How long to wait for another process that has the data folder open, in milliseconds. */
  readonly lockWait?: number;
}

/** PostgreSQL running inside this process. */
export interface EmbeddedEngine {
  /**
   * The client's end of a new protocol connection. The engine is a single backend: one connection at a
   * time, and a new one only after the last has ended. Each begins with a clean session.
   */
  connect(): Duplex;
  /** Ends the live connection, stops PostgreSQL and frees the data folder. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL inside this process.
 * @throws ConfitureError `embedded_failed`, or `embedded_in_use` when another process has the folder
 */
export async function openEmbedded(_target: EmbeddedTarget, _options: EmbeddedOptions = {}): Promise<EmbeddedEngine> {
  const backend = await PGliteBackend.open();
  let live: EmbeddedSocket | undefined;
  let closing: Promise<void> | undefined;
  return {
    connect() {
      if (closing !== undefined) throw new ConfitureError("internal", "The embedded PostgreSQL is closed");
      if (live !== undefined) {
        throw new ConfitureError("internal", "The embedded PostgreSQL serves one connection at a time");
      }
      const socket = new EmbeddedSocket(backend, () => {
        live = undefined;
      });
      live = socket;
      return socket;
    },
    close() {
      closing ??= (async () => {
        live?.destroy();
        await backend.close();
      })();
      return closing;
    },
  };
}

/**
 * Opens the engine and its one session, as one thing to close.
 * @throws ConfitureError as `openEmbedded`
 */
export async function openEmbeddedDatabase(
  target: EmbeddedTarget,
  options: OpenOptions & EmbeddedOptions = {},
): Promise<Database> {
  const engine = await openEmbedded(target, options);
  try {
    const session = await openSession({
      ...options,
      engine: "embedded",
      user: "postgres",
      database: "postgres",
      applicationName: "confiture",
      connectTimeout: 0,
      socket: async () => engine.connect(),
    });
    const close = async (): Promise<void> => {
      try {
        await session.close();
      } finally {
        await engine.close();
      }
    };
    return { ...session, close };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
