import { existsSync } from "node:fs";
import { appendFile, chmod, chown, mkdir, mkdtemp, readFile, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { Secret, type ServerTarget } from "#database/target.ts";
import { AS_ORDINARY_USER, type Binaries, findBinaries, isInstalled, ORDINARY_USER } from "./postgres-binaries.ts";

/** The major versions that have packages in package.json. */
export type Major = 14 | 15 | 16 | 17 | 18;

export type StopMode = "smart" | "fast" | "immediate";

export type Row = Record<string, unknown>;

/** A real PostgreSQL server on this machine, for tests. */
export interface TestServer {
  readonly major: Major;
  readonly host: string;
  readonly port: number;
  /** The folder of the unix socket; usable wherever a host is. */
  readonly socketDir: string;
  readonly dataDir: string;
  readonly logFile: string;
  /** A superuser with the password `password` (scram-sha-256, also over the unix socket). */
  readonly user: string;
  readonly password: string;
  url(database: string): string;
  target(database: string): ServerTarget;
  /** Runs one statement as the superuser, in the database `postgres`. */
  sql(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** A session of its own as the superuser; the caller ends it. */
  connect(database: string): postgres.Sql;
  /** Makes an empty database and returns its name, which begins with `prefix`. */
  createDatabase(prefix?: string): Promise<string>;
  /** Drops a database, ending the sessions in it. */
  dropDatabase(name: string): Promise<void>;
  /** "immediate" is a crash: sessions are cut off and the next start recovers. */
  stop(mode?: StopMode): Promise<void>;
  /** Starts it again after `stop`, on the same port. */
  start(): Promise<void>;
  isRunning(): Promise<boolean>;
  /** Starts it again as a hot standby, which waits for a primary that never says anything more; for good. */
  becomeStandby(): Promise<void>;
  /** A hot standby of it as it is now, a server of its own that hears nothing more; this one is stopped meanwhile. */
  replica(): Promise<TestServer>;
  /** Files below it go with the server. */
  readonly folder: string;
}

export interface ServerOptions {
  readonly major: Major;
  /** Lines for postgresql.conf. */
  readonly settings?: readonly string[];
  /** Lines for pg_hba.conf, before the ones that ask everybody for a password. */
  readonly access?: readonly string[];
  /** Extra files, by path in the data folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Keeps fsync on, for tests of what a crash leaves behind. */
  readonly durable?: boolean;
}

const USER = "postgres";
const PASSWORD = "postgres";
const HOST = "127.0.0.1";

/** Bytes that a place in memory must have free to hold servers' files: containers often have 64 MB. */
const ENOUGH_MEMORY = 8 * 2 ** 30;

/**
 * The major versions that tests run on: `CONFITURE_TEST_POSTGRES` ("14,16,18"), or else the oldest and
 * the newest, as far as there are builds for this machine: what holds on both is taken to hold between them.
 */
export const MAJORS: readonly Major[] = selectMajors(process.env["CONFITURE_TEST_POSTGRES"]);

/**
 * Where it is this program that is tried and the server only has to be a real one, a file takes one of the two, half of
 * them the oldest, which halves the time. Whoever chooses versions gets all of them everywhere.
 */
const isChosen = (process.env["CONFITURE_TEST_POSTGRES"] ?? "") !== "";
export const OLDEST_ALONE: readonly Major[] = isChosen ? MAJORS : MAJORS.slice(0, 1);
export const NEWEST_ALONE: readonly Major[] = isChosen ? MAJORS : MAJORS.slice(-1);

function selectMajors(wanted: string | undefined): Major[] {
  if (wanted === undefined || wanted === "") return ([14, 18] as const).filter(isInstalled);
  return wanted.split(",").map((text) => {
    const major = Number(text.trim());
    if (![14, 15, 16, 17, 18].includes(major)) throw new Error(`CONFITURE_TEST_POSTGRES: no such version: ${text}`);
    if (!isInstalled(major)) throw new Error(`CONFITURE_TEST_POSTGRES: PostgreSQL ${major} is not installed`);
    return major as Major;
  });
}

const shared = new Map<Major, Promise<TestServer>>();
const running = new Set<RunningServer>();

/** The server of a major version that all tests of this process share; the first call starts it. */
export function server(major: Major = 18): Promise<TestServer> {
  let promise = shared.get(major);
  if (promise === undefined) {
    promise = startServer({ major });
    shared.set(major, promise);
  }
  return promise;
}

/** A server of one's own, for tests that stop it or need other settings. It ends with the test process. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  const instance = await RunningServer.create(options);
  running.add(instance);
  return instance;
}

/** Stops every server of this process and removes their files. Tests need not: the keepers do it when their process has ended. */
export async function stopServers(): Promise<void> {
  shared.clear();
  await Promise.all([...running].map((instance) => instance.remove()));
  running.clear();
}

/**
 * Outlives the test process by a moment: when its input ends, however the test process ended, it stops
 * the server and removes its files.
 */
const KEEPER = `
  cat > /dev/null
  pid=$(head -n 1 "$2/postmaster.pid" 2> /dev/null)
  if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2> /dev/null
    n=0
    while [ -e "$2/postmaster.pid" ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.02; done
  fi
  rm -rf "$1" "$2"
`;

type Keeper = Bun.Subprocess<"pipe", "ignore", "ignore">;

function keeperOf(folder: string, dataDir: string): Keeper {
  // detached: an interrupt from the keyboard must end the tests, not their keeper.
  const keeper = Bun.spawn(["sh", "-c", KEEPER, "keeper", folder, dataDir], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  keeper.unref();
  return keeper;
}

class RunningServer implements TestServer {
  readonly host = HOST;
  readonly user = USER;
  readonly password = PASSWORD;
  readonly major: Major;
  readonly socketDir: string;
  readonly dataDir: string;
  readonly logFile: string;
  port = 0;
  readonly #binaries: Binaries;
  readonly folder: string;
  readonly #keeper: Keeper;
  readonly #isDurable: boolean;
  #admin: postgres.Sql | undefined;
  #count = 0;

  private constructor(
    major: Major,
    binaries: Binaries,
    folder: string,
    dataDir: string,
    keeper: Keeper,
    isDurable = false,
  ) {
    this.major = major;
    this.#binaries = binaries;
    this.folder = folder;
    this.#keeper = keeper;
    this.#isDurable = isDurable;
    this.socketDir = join(folder, "socket");
    this.dataDir = dataDir;
    this.logFile = join(folder, "server.log");
  }

  static async create(options: ServerOptions): Promise<RunningServer> {
    const name = `confiture-postgres-${options.major}-`;
    const folder = await mkdtemp(join(temporaryRoot(), name));
    const dataDir = await mkdtemp(join((options.durable === true ? undefined : await memoryRoot()) ?? folder, name));
    const keeper = keeperOf(folder, dataDir);
    const binaries = await findBinaries(options.major, folder);
    const instance = new RunningServer(options.major, binaries, folder, dataDir, keeper, options.durable);
    try {
      await instance.#initialise(options);
      await instance.#startOnFreePort();
    } catch (error) {
      await instance.remove();
      throw error;
    }
    return instance;
  }

  async #initialise(options: ServerOptions): Promise<void> {
    await mkdir(this.socketDir);
    const passwordFile = join(this.folder, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`);
    for (const path of [this.folder, this.socketDir, this.dataDir, passwordFile]) await this.#own(path);
    await this.#run("initdb", [
      `--pgdata=${this.dataDir}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ]);
    const settings = [
      `listen_addresses = '${HOST}'`,
      `unix_socket_directories = '${this.socketDir}'`,
      "max_connections = 100",
      "shared_buffers = '32MB'",
      "wal_level = logical",
      "timezone = 'UTC'",
      "log_timezone = 'UTC'",
      ...(options.durable === true ? [] : ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]),
      ...(options.settings ?? []),
    ];
    await appendFile(join(this.dataDir, "postgresql.conf"), `\n${settings.join("\n")}\n`);
    if (options.access !== undefined) {
      const file = join(this.dataDir, "pg_hba.conf");
      await writeFile(file, `${options.access.join("\n")}\n${await readFile(file, "utf8")}`);
    }
    for (const [name, text] of Object.entries(options.files ?? {})) {
      const path = join(this.dataDir, name);
      await writeFile(path, text);
      await chmod(path, 0o600);
      await this.#own(path);
    }
  }

  async #startOnFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.port = await freePort();
      try {
        await this.start();
        return;
      } catch (error) {
        // Another process may have taken the port between the look and the start.
        if (attempt === 5 || !String(error).includes("Address already in use")) throw error;
      }
    }
  }

  async start(): Promise<void> {
    try {
      await this.#run("pg_ctl", [
        "start",
        "--silent",
        "--wait",
        "--timeout=60",
        `--pgdata=${this.dataDir}`,
        `--log=${this.logFile}`,
        `--options=-p ${this.port}`,
      ]);
    } catch (error) {
      const log = existsSync(this.logFile) ? await readFile(this.logFile, "utf8") : "";
      throw new Error(`PostgreSQL ${this.major} did not start:\n${log}`, { cause: error });
    }
  }

  async stop(mode: StopMode = "fast"): Promise<void> {
    await this.#admin?.end({ timeout: 1 });
    this.#admin = undefined;
    await this.#run("pg_ctl", ["stop", "--silent", "--wait", "--mode", mode, "--pgdata", this.dataDir]);
  }

  async isRunning(): Promise<boolean> {
    return await this.#run("pg_ctl", ["status", "--pgdata", this.dataDir]).then(
      () => true,
      () => false,
    );
  }

  async becomeStandby(): Promise<void> {
    await this.stop();
    const signal = join(this.dataDir, "standby.signal");
    await writeFile(signal, "");
    await this.#own(signal);
    await this.start();
  }

  async replica(): Promise<TestServer> {
    const { major } = this;
    const name = `confiture-postgres-${major}-`;
    await this.stop();
    const folder = await mkdtemp(join(temporaryRoot(), name));
    const dataDir = await mkdtemp(join((await memoryRoot()) ?? folder, name));
    const copied = new RunningServer(major, this.#binaries, folder, dataDir, keeperOf(folder, dataDir));
    running.add(copied);
    await mkdir(copied.socketDir);
    const copying = Bun.spawn(["cp", "-a", `${this.dataDir}/.`, dataDir], { stdin: "ignore", stdout: "ignore" });
    if ((await copying.exited) !== 0) throw new Error("the server's files could not be copied");
    const signal = join(dataDir, "standby.signal");
    await writeFile(signal, "");
    await appendFile(join(dataDir, "postgresql.conf"), `\nunix_socket_directories = '${copied.socketDir}'\n`);
    for (const path of [folder, copied.socketDir, dataDir, signal]) await copied.#own(path);
    await Promise.all([copied.#startOnFreePort(), this.start()]);
    return copied;
  }

  /** Stops it for good and removes its files. */
  async remove(): Promise<void> {
    await this.#admin?.end({ timeout: 1 });
    await this.#keeper.stdin.end();
    await this.#keeper.exited;
  }

  url(database: string): string {
    return `postgres://${USER}:${PASSWORD}@${HOST}:${this.port}/${encodeURIComponent(database)}`;
  }

  target(database: string): ServerTarget {
    return {
      engine: "server",
      host: HOST,
      port: this.port,
      database,
      user: USER,
      password: new Secret(PASSWORD),
      tls: { mode: "disable" },
      connectTimeout: 10_000,
      applicationName: "confiture-tests",
    };
  }

  async sql(text: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    this.#admin ??= this.connect("postgres");
    return [...(await this.#admin.unsafe<Row[]>(text, parameters as postgres.ParameterOrJSON<never>[]))];
  }

  connect(database: string): postgres.Sql {
    return postgres({
      host: HOST,
      port: this.port,
      database,
      username: USER,
      password: PASSWORD,
      max: 1,
      onnotice: () => {},
    });
  }

  async createDatabase(prefix = "test"): Promise<string> {
    const name = `${prefix}_${process.pid}_${++this.#count}`;
    // Half the time of writing all of it to the log, where the checkpoint that it needs waits for no disk.
    const strategy = this.major < 15 || this.#isDurable ? "" : "STRATEGY file_copy";
    await this.sql(`CREATE DATABASE "${name}" TEMPLATE template0 ${strategy}`);
    return name;
  }

  async dropDatabase(name: string): Promise<void> {
    await this.sql(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  }

  async #own(path: string): Promise<void> {
    if (AS_ORDINARY_USER.length > 0) await chown(path, ORDINARY_USER, ORDINARY_USER);
  }

  async #run(program: "initdb" | "pg_ctl", args: readonly string[]): Promise<void> {
    const command = [...this.#binaries.asOrdinaryUser, join(this.#binaries.folder, "bin", program), ...args];
    // The server inherits its output from pg_ctl, so a pipe would stay open for as long as the server runs.
    const output = join(this.folder, `${program}.log`);
    const child = Bun.spawn(command, {
      cwd: "/",
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      stdin: "ignore",
      stdout: Bun.file(output),
      stderr: Bun.file(output),
      detached: true,
    });
    const exitCode = await child.exited;
    if (exitCode !== 0) throw new Error(`${program} exited with ${exitCode}:\n${await readFile(output, "utf8")}`);
  }
}

/** Root's own temporary folder may be closed to the user that runs the server; long paths break unix sockets. */
function temporaryRoot(): string {
  return AS_ORDINARY_USER.length > 0 || tmpdir().length > 60 ? "/tmp" : tmpdir();
}

/** A place for files in memory: making and dropping databases takes a third less there, and no disk colours a measurement. */
async function memoryRoot(): Promise<string | undefined> {
  const place = "/dev/shm";
  const found = await statfs(place).catch(() => undefined);
  return found !== undefined && found.bavail * found.bsize >= ENOUGH_MEMORY ? place : undefined;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.on("error", reject);
    listener.listen(0, HOST, () => {
      const address = listener.address();
      listener.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}
