import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { AS_ORDINARY_USER, ORDINARY_USER } from "./postgres-binaries.ts";
import type { TestServer } from "./servers.ts";

/** PgBouncer's executable; Debian puts it where only root's PATH goes. */
export const PGBOUNCER = Bun.which("pgbouncer", { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` });

/** PgBouncer between a test and its server. */
export interface Pooler extends AsyncDisposable {
  readonly port: number;
}

/** Starts PgBouncer in front of a server, in one of its pool modes. */
export async function startPooler(
  instance: TestServer,
  mode: "session" | "transaction" | "statement",
  { poolSize = 10 }: { readonly poolSize?: number } = {},
): Promise<Pooler> {
  if (PGBOUNCER === null) throw new Error("pgbouncer is not installed");
  const folder = await mkdtemp("/tmp/confiture-pgbouncer-");
  const port = await freePort();
  const users = join(folder, "users.txt");
  const config = join(folder, "pgbouncer.ini");
  await writeFile(users, `"${instance.user}" "${instance.password}"\n`);
  await writeFile(
    config,
    `[databases]
* = host=${instance.host} port=${instance.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${poolSize}
ignore_startup_parameters = extra_float_digits
`,
  );
  for (const path of [folder, users, config]) {
    await chmod(path, path === folder ? 0o755 : 0o644);
    if (AS_ORDINARY_USER.length > 0) await chown(path, ORDINARY_USER, ORDINARY_USER);
  }
  const child = Bun.spawn([...AS_ORDINARY_USER, PGBOUNCER, config], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const pooler: Pooler = {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) {
      child.kill("SIGKILL");
      throw new Error(`pgbouncer did not start:\n${await child.stderr.text()}`);
    }
    await Bun.sleep(20);
  }
  return pooler;
}

async function answers(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.on("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      listener.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}
