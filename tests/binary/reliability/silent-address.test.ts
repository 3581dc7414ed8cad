import { expect, test } from "bun:test";
import net from "node:net";
import { runBinary } from "../../support/cli.ts";

/** Accepts nothing: it is stopped, and the system keeps a few connections waiting for it. */
const LISTENER = `
  const server = require("node:net").createServer();
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/** A port on which an attempt to connect is neither taken nor refused, as behind a firewall that drops packets. */
async function silentPort(): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const listener = Bun.spawn([process.execPath, "-e", LISTENER], { stdout: "pipe", stderr: "inherit" });
  const waiting: net.Socket[] = [];
  let port = 0;
  for await (const chunk of listener.stdout) {
    port = Number(Buffer.from(chunk).toString());
    break;
  }
  listener.kill("SIGSTOP");
  for (let connected = true; connected;) {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    waiting.push(socket);
    connected = await Promise.race([
      new Promise<boolean>((resolve) => socket.once("connect", () => resolve(true))),
      Bun.sleep(500).then(() => false),
    ]);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      listener.kill("SIGKILL");
      await listener.exited;
    },
  };
}

test.if(process.platform === "linux").each([
  ["one address", (port: number) => `127.0.0.1:${port}`, "no answer within 1 s"],
  ["two addresses", (port: number) => `127.0.0.1:${port},localhost:${port}`, "None of 2 hosts"],
] as const)(
  "%s that does not answer at all: connect_timeout ends the attempt, and the process",
  async (_what, hosts, says) => {
    await using silent = await silentPort();
    const url = `postgres://someone:secret@${hosts(silent.port)}/db?connect_timeout=1`;
    // The system itself would try for two minutes.
    const result = await runBinary(["db", "create", "--database-url", url], { timeout: 20_000 });
    expect(result).toMatchObject({ exitCode: 5, stdout: "", stderr: expect.stringContaining(says) });
  },
);
