import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { temporaryProject } from "./project.ts";
import { MAJORS, server, startServer } from "./servers.ts";
import { CERTIFICATE_ROLE, PLAIN_ONLY_ROLE, TLS_ONLY_ROLE, type TlsServer, tlsServer } from "./tls.ts";

const major = MAJORS.at(-1) ?? 18;

// On a machine without server builds everything here would fail for a reason that is no defect.
describe.skipIf(MAJORS.length === 0)("test servers", () => {
  test("the server of a version is one for all tests", async () => {
    expect(await server(major)).toBe(await server(major));
  });

  test("a server listens on TCP and on its socket, and asks both for the password", async () => {
    const instance = await server(major);
    for (const host of [instance.host, instance.socketDir]) {
      const good = postgres({
        host,
        port: instance.port,
        database: "postgres",
        username: "postgres",
        password: "postgres",
      });
      expect([...(await good`SELECT 1 AS one`)]).toEqual([{ one: 1 }]);
      await good.end();
      const bad = postgres({
        host,
        port: instance.port,
        database: "postgres",
        username: "postgres",
        password: "wrong",
      });
      expect(await bad`SELECT 1`.catch((error: { code?: string }) => error.code)).toBe("28P01");
      await bad.end();
    }
  });

  test("a server that crashed starts again on the same port, with its data", async () => {
    const own = await startServer({ major: major, durable: true });
    const name = await own.createDatabase("kept");
    const { port } = own;
    await own.stop("immediate");
    await own.start();
    expect(own.port).toBe(port);
    expect(await own.sql("SELECT datname FROM pg_database WHERE datname = $1", [name])).toEqual([{ datname: name }]);
    expect(await readFile(own.logFile, "utf8")).toContain("database system was not properly shut down");
  });

  test("a killed test process takes its server and files along", async () => {
    await using project = await temporaryProject({
      "start.ts": `
        import { startServer } from ${JSON.stringify(join(import.meta.dir, "servers.ts"))};
        const { dataDir, socketDir } = await startServer({ major: ${major} });
        console.log(dataDir + "\\n" + socketDir);
        process.kill(process.pid, "SIGKILL");
      `,
    });
    const child = Bun.spawn([process.execPath, project.path("start.ts")], {
      cwd: dirname(import.meta.dir),
      stdout: "pipe",
    });
    const [data = "", socket = ""] = (await child.stdout.text()).trim().split("\n");
    await child.exited;
    for (const folder of [data, dirname(socket)]) {
      expect(folder).toContain("confiture-postgres-");
      for (let waited = 0; existsSync(folder) && waited < 10_000; waited += 50) await Bun.sleep(50);
      expect(existsSync(folder)).toBe(false);
    }
  });
});

describe.skipIf(MAJORS.length === 0)("the TLS server", () => {
  /** Whether the session is encrypted, or else the error. */
  async function connect(tls: TlsServer, options: postgres.Options<Record<string, never>>): Promise<unknown> {
    const sql = postgres({
      host: "127.0.0.1",
      port: tls.server.port,
      database: "postgres",
      username: "postgres",
      password: "postgres",
      ...options,
    });
    try {
      const [row] = await sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
      return row?.["ssl"];
    } catch (error) {
      return (error as { code?: string }).code;
    } finally {
      await sql.end();
    }
  }

  test("shows a certificate for localhost and 127.0.0.1, signed by its authority and no other", async () => {
    const tls = await tlsServer(major);
    const ca = await readFile(tls.caFile, "utf8");
    expect(await connect(tls, { host: "localhost", ssl: { ca } })).toBe(true);
    expect(await connect(tls, { ssl: { ca } })).toBe(true);
    expect(await connect(tls, { ssl: { ca: await readFile(tls.otherCaFile, "utf8") } })).toBe(
      "SELF_SIGNED_CERT_IN_CHAIN",
    );
    if (tls.unnamedHost !== undefined) {
      expect(await connect(tls, { host: tls.unnamedHost, ssl: { ca } })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
      expect(await connect(tls, { host: tls.unnamedHost, ssl: false })).toBe(false);
    }
  });

  test("takes a role's client certificate, and roles with TLS only or without only", async () => {
    const tls = await tlsServer(major);
    const ca = await readFile(tls.caFile, "utf8");
    const cert = await readFile(tls.clientCert, "utf8");
    const key = await readFile(tls.clientKey, "utf8");
    expect(await connect(tls, { username: CERTIFICATE_ROLE, ssl: { ca, cert, key } })).toBe(true);
    expect(await connect(tls, { username: CERTIFICATE_ROLE, ssl: { ca } })).toBe("28000");
    expect(await connect(tls, { username: TLS_ONLY_ROLE, ssl: { ca } })).toBe(true);
    expect(await connect(tls, { username: TLS_ONLY_ROLE, ssl: false })).toBe("28000");
    expect(await connect(tls, { username: PLAIN_ONLY_ROLE, ssl: false })).toBe(false);
    expect(await connect(tls, { username: PLAIN_ONLY_ROLE, ssl: { ca } })).toBe("28000");
  });
});
