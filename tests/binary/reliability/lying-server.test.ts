import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type net from "node:net";
import { peakMemory, startBinary } from "../../support/cli.ts";
import { authentication, endlessly, lyingServer, message, NOTICE, READY } from "../../support/lying-server.ts";
import { tcpProxy, type Verdict } from "../../support/tcp-proxy.ts";
import { bench, runs } from "./bench.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

/** Long enough for a slow machine, and far too short for whoever would wait for the server. */
const NOT_FOR_EVER = { timeout: 30_000 };
/** A runner takes about 100 MB; whoever kept what the server sends would take gigabytes. */
const MOST_MEMORY = 400 * 2 ** 20;

const GIBIBYTE = Buffer.alloc(1 << 20);

type Answer = (client: net.Socket, bytes: Buffer, count: number) => void;

const scram =
  (serverFirst: (nonce: string) => string): Answer =>
  (client, bytes, count) => {
    if (count === 0) client.write(authentication(10, "SCRAM-SHA-256\0\0"));
    else if (count === 1)
      client.write(authentication(11, serverFirst(/r=([^,\0]+)/.exec(bytes.toString())?.[1] ?? "")));
    // A server that knows no password would have to accept whatever comes.
    else client.write(Buffer.concat([authentication(12, "v=AAAA"), authentication(0), READY]));
  };

const ok =
  (...behind: Buffer[]): Answer =>
  (client, _bytes, count) => {
    if (count === 0) client.write(Buffer.concat([authentication(0), message("K", Buffer.alloc(8)), READY]));
    else for (const bytes of behind) client.write(bytes);
  };

const LIES: readonly (readonly [string, Answer])[] = [
  ["never answers", () => {}],
  ["speaks another protocol", (client) => client.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")],
  ["sends random bytes", (client) => client.write(Buffer.from([...Array(5000).keys()].map((n) => (n * n * 31) & 255)))],
  ["sends a message of no length", (client) => client.write(message("N", "", 0))],
  [
    "announces a message of two gigabytes",
    (client) => (client.write(message("N", "", 0x7fffffff)), endlessly(client, GIBIBYTE)),
  ],
  ["sends notices without end", (client) => endlessly(client, NOTICE)],
  ["sends settings without end", (client) => endlessly(client, message("S", "name\0value\0"))],
  ["sends a byte now and then", (client) => endlessly(client, Buffer.from("N"), 50)],
  ["is ready before anybody has authenticated", (client) => client.write(READY)],
  ["asks for an authentication that nobody knows", (client) => client.write(authentication(77))],
  ["sends an authentication request without a kind", (client) => client.write(message("R", "x"))],
  [
    "lets the client in without proving that it knows the password",
    (client, _bytes, count) =>
      client.write(count === 0 ? authentication(10, "SCRAM-SHA-256\0\0") : Buffer.concat([authentication(0), READY])),
  ],
  ["answers with another nonce", scram(() => "r=AAAABBBBCCCCDDDDEEEE,s=c2FsdHNhbHQ=,i=4096")],
  ["answers with the client's nonce alone", scram((nonce) => `r=${nonce},s=c2FsdHNhbHQ=,i=4096`)],
  ["asks for four billion iterations", scram((nonce) => `r=${nonce}x,s=c2FsdHNhbHQ=,i=4000000000`)],
  ["asks for no iterations", scram((nonce) => `r=${nonce}x,s=c2FsdHNhbHQ=,i=0`)],
  ["sends SCRAM without salt", scram((nonce) => `r=${nonce}x,i=4096`)],
  ["cannot prove that it knows the password", scram((nonce) => `r=${nonce}x,s=c2FsdHNhbHQ=,i=4096`)],
  ["does not answer the first query", ok()],
  [
    "answers the first query with two gigabytes",
    (client, bytes, count) => (
      ok(message("D", "", 0x7fffffff))(client, bytes, count),
      count > 0 && endlessly(client, GIBIBYTE)
    ),
  ],
  [
    "answers the first query with rows without end",
    (client, bytes, count) => (
      ok()(client, bytes, count),
      count > 0 && endlessly(client, message("D", Buffer.alloc(1000)))
    ),
  ],
  ["describes rows without an end", ok(message("T", Buffer.concat([Buffer.from([0, 1]), Buffer.from("never ends")])))],
  ["asks for a password in the middle", ok(authentication(3))],
  ["sends a kind of message that nobody knows", ok(message("?", "?"))],
];

describe("a server that lies before the session is ready", () => {
  test.concurrent.each(LIES)("%s", async (_lie, answer) => {
    await using server = await lyingServer(answer);
    const url = `postgres://someone:secret@127.0.0.1:${server.port}/db?connect_timeout=1`;
    const { process, result } = await startBinary(["db", "create", "--database-url", url], NOT_FOR_EVER);
    const [{ exitCode, stdout, stderr }, peak] = await Promise.all([result, peakMemory(process)]);
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 5, stdout: "" });
    expect(stderr).toMatch(/^(?:Database: .*\n)?error: /);
    expect(stderr).not.toContain("defect");
    expect(stderr).not.toMatch(/secret|Postgres\.js/);
    expect(peak).toBeLessThan(MOST_MEMORY);
  });

  test.concurrent.each(LIES.filter(([lie]) => /never|now and then|first query$/.test(lie)))(
    "%s, without a limit: a signal ends it",
    async (_lie, answer) => {
      for (const [signal, code] of [
        ["SIGINT", 130],
        ["SIGTERM", 143],
      ] as const) {
        await using server = await lyingServer(answer);
        const url = `postgres://someone:secret@127.0.0.1:${server.port}/db?connect_timeout=0`;
        const runner = await startBinary(["db", "create", "--database-url", url], NOT_FOR_EVER);
        await server.greeted;
        runner.process.kill(signal);
        const { exitCode, stderr } = await runner.result;
        expect({ exitCode, stderr }).toMatchObject({ exitCode: code, stderr: expect.stringContaining("Interrupted") });
      }
    },
  );
});

/** What comes in place of the server's answers, from the moment on at which the migration has asked for it. */
const LATER: readonly (readonly [string, () => Verdict])[] = [
  ["a message of no length", () => message("D", "", 0)],
  [
    "a message of four gigabytes",
    () => (client) => (client.write(message("D", "", 0xffffffff)), endlessly(client, GIBIBYTE)),
  ],
  [
    "a short kind of message that is long",
    () => (client) => (client.write(message("C", "", 1 << 24)), endlessly(client, GIBIBYTE)),
  ],
  ["a kind of message that nobody knows", () => message("?")],
  ["a request for a password", () => authentication(3)],
  [
    "a description of rows without an end",
    () => message("T", Buffer.concat([Buffer.from([0, 9]), Buffer.from("never ends")])),
  ],
  ["rows that nobody described", () => message("D", Buffer.from([0, 9, 1, 2, 3]))],
];

for (const major of NEWEST_ALONE) {
  describe(`PostgreSQL ${major}, a connection that lies in the middle of a migration`, () => {
    const files = { "001_a.sql": "CREATE TABLE a (id int); SELECT 'the lie begins'" };

    test.concurrent.each(LATER)("%s: the connection ends, and the ledger says what is true", async (_lie, lie) => {
      await using b = await bench(major, files);
      let lying: number | undefined;
      await using proxy = await tcpProxy(b.instance, ({ from, bytes, connection }) => {
        if (from === "client" && lying === undefined && bytes.includes("the lie begins")) lying = connection;
        else if (from === "server" && connection === lying) return lie();
        return "pass";
      });
      const url = b.url.replace(`:${b.instance.port}/`, `:${proxy.port}/`);
      const { process, result } = await b.start(["migrate", "up", "--database-url", url], NOT_FOR_EVER);
      const [{ exitCode, stderr }, peak] = await Promise.all([result, peakMemory(process)]);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("connection to the database was lost during migration 001_a"),
      });
      expect(stderr).toContain("The ledger was read again");
      expect(peak).toBeLessThan(MOST_MEMORY);
    });

    test.concurrent.each([
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)("silence: one %s ends it", async (signal, code) => {
      await using b = await bench(major, files);
      let silent = false;
      const silence = Promise.withResolvers<void>();
      await using proxy = await tcpProxy(b.instance, ({ from, bytes }) => {
        if (from === "client" && bytes.includes("the lie begins")) {
          silent = true;
          silence.resolve();
        }
        return silent ? "swallow" : "pass";
      });
      const url = b.url.replace(`:${b.instance.port}/`, `:${proxy.port}/`);
      const runner = await b.start(["migrate", "up", "--database-url", url], NOT_FOR_EVER);
      await silence.promise;
      runner.process.kill(signal);
      const { exitCode, stderr } = await runner.result;
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: code,
        stderr: expect.stringContaining("Interrupted during migration 001_a; the server did not answer"),
      });
    });

    test.concurrent("the connection is lost right after SIGINT: the exit code is still the signal's", async () => {
      await using b = await bench(major, { "001_a.sql": "SELECT pg_sleep(30)" });
      let interrupted = false;
      await using proxy = await tcpProxy(b.instance, ({ from, connection }) =>
        from === "server" && interrupted && connection === 1 ? "cut" : "pass",
      );
      const url = b.url.replace(`:${b.instance.port}/`, `:${proxy.port}/`);
      const runner = await b.start(["migrate", "up", "--database-url", url], NOT_FOR_EVER);
      await b.until(runs("pg_sleep(30)"));
      interrupted = true;
      runner.process.kill("SIGINT");
      const { exitCode, stderr } = await runner.result;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 130 });
    });

    test.concurrent("silence while it waits for the lock, reads the ledger or says goodbye: one SIGTERM ends it", async () => {
      for (const marker of ["pg_try_advisory_lock", "json_agg", "client_connection_check_interval"]) {
        await using b = await bench(major, files);
        let silent = false;
        const silence = Promise.withResolvers<void>();
        await using proxy = await tcpProxy(b.instance, ({ from, bytes }) => {
          if (from === "client" && bytes.includes(marker)) {
            silent = true;
            silence.resolve();
          }
          return silent ? "swallow" : "pass";
        });
        const url = b.url.replace(`:${b.instance.port}/`, `:${proxy.port}/`);
        const runner = await b.start(["migrate", "up", "--database-url", url], NOT_FOR_EVER);
        await silence.promise;
        runner.process.kill("SIGTERM");
        const { exitCode, stderr } = await runner.result;
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 143, stderr: expect.stringContaining("Interrupted") });
      }
    });
  });
}
