import type { Socket } from "node:net";
import { errorMessage, message, startupKind, startupParameters } from "./protocol.ts";
import { ScramServer, type ScramVerifier } from "../authentication/scram-server.ts";

/** PostgreSQL's own limit for a startup packet; a password message is shorter. */
const LONGEST = 10_000;
/** Milliseconds in which a client has to be in (PostgreSQL's authentication_timeout). */
const LONGEST_GREETING = 60_000;

const MECHANISM = "SCRAM-SHA-256";
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;

/** The only ones that the embedded engine has. */
export const USER = "postgres";
export const DATABASE = "postgres";

export interface GreetingOptions {
  /** What a password is checked against; undefined where the rights to the socket decide who gets in. */
  readonly verifier: ScramVerifier | undefined;
  /** A client asks to cancel the work of the one that knows this secret. */
  readonly onCancel: (secret: number) => void;
}

/** A client that is let in. */
export interface Greeted {
  /** Its startup message, for the backend to answer. */
  readonly startup: Buffer;
  /** What it sent behind that. */
  readonly rest: Buffer;
  /** `application_name`, or nothing. */
  readonly application: string;
}

/**
 * Receives a client up to where its session begins: encryption is refused ('N'), requests to cancel are passed on, database
 * and user have to be there, and the password has to be right.
 * @returns undefined when the connection is over
 */
export async function greet(socket: Socket, options: GreetingOptions): Promise<Greeted | undefined> {
  const incoming = new Incoming(socket);
  const overdue = setTimeout(() => socket.destroy(), LONGEST_GREETING);
  try {
    for (;;) {
      const startup = await incoming.next(false);
      if (startup === undefined || startup.length < 8) return undefined;
      const kind = startupKind(startup);
      if (kind === "encryption") {
        socket.write("N");
        continue;
      }
      if (kind === "cancel") {
        if (startup.length >= 16) options.onCancel(startup.readUInt32BE(12));
        return undefined;
      }
      const refusal = refuse(startup);
      if (refusal === undefined) {
        const parameters = startupParameters(startup);
        const isIn = options.verifier === undefined || (await authenticate(socket, incoming, options.verifier));
        if (isIn) return { startup, rest: incoming.stop(), application: parameters.get("application_name") ?? "" };
        socket.end(errorMessage("FATAL", "28P01", `password authentication failed for user "${USER}"`));
      } else socket.end(refusal);
      return undefined;
    }
  } finally {
    clearTimeout(overdue);
    incoming.stop();
  }
}

function refuse(startup: Buffer): Buffer | undefined {
  if (startup.readUInt16BE(4) !== 3) return errorMessage("FATAL", "0A000", "unsupported frontend protocol");
  const parameters = startupParameters(startup);
  const user = parameters.get("user") ?? "";
  if (user !== USER) return errorMessage("FATAL", "28000", `role "${user}" may not connect here; only "${USER}" may`);
  const database = parameters.get("database") ?? user;
  if (database !== DATABASE) {
    return errorMessage("FATAL", "3D000", `database "${database}" is not served here; only "${DATABASE}" is`);
  }
  if ((parameters.get("replication") ?? "false") === "false") return undefined;
  return errorMessage("FATAL", "0A000", "the embedded PostgreSQL has no replication");
}

async function authenticate(socket: Socket, incoming: Incoming, verifier: ScramVerifier): Promise<boolean> {
  const scram = new ScramServer(verifier);
  socket.write(request(SASL, `${MECHANISM}\0\0`));
  const initial = await incoming.next(true);
  if (initial?.[0] !== PASSWORD) return false;
  const name = initial.toString("latin1", 5, initial.indexOf(0, 5));
  const first = name === MECHANISM ? scram.first(initial.toString("utf8", 5 + name.length + 1 + 4)) : undefined;
  if (first === undefined) return false;
  socket.write(request(SASL_CONTINUE, first));
  const proof = await incoming.next(true);
  const final = proof?.[0] === PASSWORD ? scram.final(proof.toString("utf8", 5)) : undefined;
  if (final === undefined) return false;
  socket.write(request(SASL_FINAL, final));
  return true;
}

const PASSWORD = "p".charCodeAt(0);

function request(kind: number, body: string): Buffer {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(body));
  bytes.writeUInt32BE(kind, 0);
  bytes.write(body, 4);
  return message("R", bytes);
}

/** What a client sends before it is let in, a message at a time; it never holds more than one may be long. */
class Incoming {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#onData).on("close", this.#onEnd).on("end", this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    // More than that is nothing that is due here.
    if (this.#bytes.length > 2 * LONGEST) this.#socket.destroy();
    this.#wake();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake();
  };

  /** @param typed whether a letter stands before the length. @returns undefined when nothing more comes */
  async next(typed: boolean): Promise<Buffer | undefined> {
    const header = typed ? 1 : 0;
    for (;;) {
      if (this.#bytes.length >= header + 4) {
        const length = header + this.#bytes.readUInt32BE(header);
        if (length < header + 4 || length > LONGEST) return undefined;
        if (this.#bytes.length >= length) {
          const found = this.#bytes.subarray(0, length);
          this.#bytes = this.#bytes.subarray(length);
          return found;
        }
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Stops listening. @returns what was not taken */
  stop(): Buffer {
    this.#socket.off("data", this.#onData).off("close", this.#onEnd).off("end", this.#onEnd);
    return this.#bytes;
  }
}
