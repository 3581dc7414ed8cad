import net from "node:net";

/** A server's message: type, length, body. @param length what it says its length is; the true one by default */
export function message(type: string, body: Buffer | string = "", length = 4 + Buffer.byteLength(body)): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

/** An authentication message. @param kind AuthenticationOk is 0, SASL 10, its continuation 11, its end 12 */
export function authentication(kind: number, text = ""): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(kind);
  return message("R", Buffer.concat([number, Buffer.from(text)]));
}

export const NOTICE = message("N", `SNOTICE\0VNOTICE\0C00000\0M${"again ".repeat(100)}\0\0`);
export const READY = message("Z", "I");

/** Bytes again and again, as fast as the client takes them or with a pause in between. */
export function endlessly(socket: net.Socket, bytes: Buffer, pause?: number): void {
  const again = (): void => {
    if (socket.destroyed) return;
    if (pause !== undefined) setTimeout(() => socket.write(bytes, again), pause).unref();
    else if (socket.write(bytes)) setImmediate(again);
    else socket.once("drain", again);
  };
  again();
}

export interface LyingServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when a client has sent its first message. */
  readonly greeted: Promise<void>;
}

/**
 * A server on this machine that refuses encryption and then does what a test says.
 * @param answer called for each message of the client (the startup message is the first), with what to answer on
 */
export async function lyingServer(
  answer: (client: net.Socket, message: Buffer, count: number) => void,
): Promise<LyingServer> {
  const greeting = Promise.withResolvers<void>();
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    let count = 0;
    socket.on("data", (bytes: Buffer) => {
      if (bytes.length === 8 && bytes.readUInt32BE(4) === 80877103) return void socket.write("N");
      greeting.resolve();
      answer(socket, bytes, count++);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    greeted: greeting.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
