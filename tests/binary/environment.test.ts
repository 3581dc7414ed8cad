import { beforeAll, describe, expect, test } from "bun:test";
import { BINARY, builtBinary, runBinary } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";
import { tlsServer } from "../support/tls.ts";

beforeAll(builtBinary, 300_000);

describe("what is set for the runtime inside the executable does not reach it", () => {
  test.each([
    ["BUN_OPTIONS", "--preload ./pre.ts"],
    ["BUN_OPTIONS", "--watch"],
    ["BUN_OPTIONS", "--help"],
    ["BUN_BE_BUN", "1"],
    ["BUN_INSPECT", "ws://127.0.0.1:0/x?wait=1"],
    ["BUN_INSPECT_CONNECT_TO", "127.0.0.1:1"],
    ["BUN_INSPECT_PRELOAD", "./pre.ts"],
    ["BUN_CONFIG_VERBOSE_FETCH", "curl"],
    ["BUN_FEATURE_FLAG_DISABLE_IPV4", "1"],
    ["BUN_GARBAGE_COLLECTOR_LEVEL", "2"],
    ["NODE_OPTIONS", "--require ./pre.ts --inspect-brk"],
    ["NODE_CHANNEL_FD", "3"],
    ["NODE_V8_COVERAGE", "./coverage"],
    ["NODE_DEBUG", "net,tls,fs"],
    ["HTTPS_PROXY", "http://127.0.0.1:1"],
    ["JSC_dumpOptions", "2"],
  ])("%s=%s", async (name, value) => {
    await using project = await temporaryProject({ "pre.ts": 'console.error("other code ran");\n' });
    const result = await runBinary(["--version"], { cwd: project.dir, env: { [name]: value }, timeout: 30_000 });
    expect(result).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^Confiture version \S+\n$/), stderr: "" });
  });

  test("nor does it start where it cannot be kept out", async () => {
    const result = await runBinary(["--version"], { env: { BUN_JSC_useJIT: "0" } });
    expect(result).toMatchObject({ exitCode: 4, stdout: "", stderr: expect.stringContaining("BUN_JSC_useJIT") });
  });

  test.skipIf(process.platform !== "linux")(
    "what it tells the runtime itself is no part of the environment",
    async () => {
      await using project = await temporaryProject({
        "db/environments/local.yaml": "name: local\ndatabase: {engine: embedded}\n",
        "db/migrations/001_look.ts": `
        import { readFileSync } from "node:fs";
        import { Migration } from "confiture";
        export default class Look extends Migration { up() {
          const seen = Object.keys(process.env).filter((name) => name.startsWith("BUN_"));
          console.log(JSON.stringify({ seen, given: readFileSync("/proc/self/environ", "utf8").includes("BUN_JSC_") }));
          this.execute("SELECT 1");
        } }`,
      });
      const { exitCode, stderr } = await runBinary(["migrate", "up"], { cwd: project.dir });
      expect(stderr).toContain('{"seen":[],"given":true}');
      expect(stderr).not.toContain("Warning");
      expect(exitCode).toBe(0);
    },
  );

  test("no certificate becomes a good one", async () => {
    const { server, caFile, otherCaFile } = await tlsServer();
    await using project = await temporaryProject({ "db/migrations/001_a.sql": "SELECT 1;\n" });
    const url = (ca: string): string =>
      `postgres://${server.user}:${server.password}@localhost:${server.port}/postgres?sslmode=verify-full&sslrootcert=${ca}`;
    const status = (ca: string, env: Record<string, string>) =>
      runBinary(["migrate", "baseline", "--database-url", url(ca), "--format", "json"], {
        cwd: project.dir,
        env,
      });
    for (const env of [
      {},
      { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      { NODE_EXTRA_CA_CERTS: caFile },
      { SSL_CERT_FILE: caFile },
      { NODE_USE_SYSTEM_CA: "1", SSL_CERT_FILE: caFile },
    ] as Record<string, string>[]) {
      expect({ env, ...(await status(otherCaFile, env)) }).toMatchObject({
        exitCode: 5,
        stdout: expect.stringContaining("connect_tls"),
      });
    }
    expect((await status(caFile, {})).stdout).not.toContain("connect_tls");
  });
});

test.each(["sslrootcert", "sslcrl", "sslcert"])("a FIFO as %s is named at once", async (setting) => {
  const { server, caFile, clientKey } = await tlsServer();
  await using project = await temporaryProject({});
  Bun.spawnSync(["mkfifo", "-m", "600", project.path("fifo")]);
  const files = { sslrootcert: caFile, sslkey: clientKey, [setting]: project.path("fifo") };
  const settings = new URLSearchParams({ sslmode: "verify-full", ...files });
  const url = `postgres://${server.user}:${server.password}@localhost:${server.port}/postgres?${settings.toString()}`;
  const result = await runBinary(["db", "wait", "--database-url", url], { timeout: 60_000 });
  expect(result).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("no regular file") });
});

describe("a standard output that was closed", () => {
  test.skipIf(process.platform !== "linux")("is an error where there is something to say", async () => {
    const run = (script: string, ...args: string[]) =>
      runBinary(["-c", script, BINARY, ...args], { binary: "/bin/sh" });
    expect(await run('"$0" "$@" >&-', "--version")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("closed"),
    });
    expect(await run('"$0" "$@" >/dev/null', "--version")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await run('"$0" "$@" | cat', "--version")).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
