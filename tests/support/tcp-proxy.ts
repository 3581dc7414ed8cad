import net from "node:net";

/** Bytes on their way from one side to the other. */
export interface Passing {
  readonly from: "client" | "server";
  readonly bytes: Buffer;
  /** The connections of the proxy are counted from 1. */
  readonly connection: number;
}

/**
 * `cut` drops the bytes and both connections; `deliver-and-cut` hands them over first; `swallow` drops the bytes alone; bytes
 * are handed over in place of those that came, and a function does what it likes with the side that would have got them.
 */
export type Verdict = "pass" | "cut" | "deliver-and-cut" | "swallow" | Buffer | ((sink: net.Socket) => void);

/** A TCP proxy on this machine that cuts connections where a test says so. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were made through it. */
  readonly connections: number;
  /** Those that are open now, by number. */
  readonly open: readonly number[];
  /** Cuts one that is open, or all of them. */
  cut(connection?: number): void;
}

/** Where a proxy leads to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * @param target one for all connections, or for each by its number, as a load balancer chooses
 * @param judge sees everything that passes, as the sockets deliver it
 */
export async function tcpProxy(
  target: Address | ((connection: number) => Address),
  judge: (passing: Passing) => Verdict,
): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  const cuts = new Map<number, () => void>();
  let connections = 0;
  const listener = net.createServer((client) => {
    const connection = ++connections;
    const server = net.connect({ ...(typeof target === "function" ? target(connection) : target) });
    const pair = [client, server];
    const cut = (): void => {
      cuts.delete(connection);
      for (const socket of pair) socket.destroy();
    };
    cuts.set(connection, cut);
    const relay = (from: Passing["from"], source: net.Socket, sink: net.Socket): void => {
      source.on("data", (bytes: Buffer) => {
        const verdict = judge({ from, bytes, connection });
        if (verdict === "cut") return cut();
        if (verdict === "pass") return void sink.write(bytes);
        if (verdict === "swallow") return;
        if (typeof verdict === "function") return verdict(sink);
        if (typeof verdict !== "string") return void sink.write(verdict);
        sink.end(bytes);
        // The other side gets them; this one hears no more.
        source.destroy();
      });
    };
    relay("client", client, server);
    relay("server", server, client);
    for (const socket of pair) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    listener.on("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    get open() {
      return [...cuts.keys()];
    },
    cut(connection) {
      for (const [number, cut] of cuts) if (connection === undefined || connection === number) cut();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
