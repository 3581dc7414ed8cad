import type postgres from "postgres";
import { type RunningBinary, type RunOptions, type RunResult, startBinary } from "../../support/cli.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";
import { MAJORS, type Major, type Row, server, type TestServer } from "../../support/servers.ts";

/** The oldest and the newest server: what holds on both is taken to hold between them. */
export const OUTER_MAJORS: readonly Major[] = [...new Set([MAJORS.at(0), MAJORS.at(-1)])].filter(
  (major) => major !== undefined,
);

/** Another executable than dist/confiture, for trying something out. */
const binary = process.env["CONFITURE_TEST_BINARY"];

export interface BenchOptions {
  /** Lines below `migrations:` in the environment file. */
  readonly migrations?: Readonly<Record<string, string>>;
  /** The connection URL in the environment file, made from that of the new database. */
  readonly url?: (url: string) => string;
  /** The database's name; one that is new by default. */
  readonly database?: string;
  /** A server of one's own instead of the shared one. */
  readonly instance?: TestServer;
  /** More lines of the environment file. */
  readonly environment?: string;
}

/** What `--format json` prints of a migration. */
export interface JsonMigration {
  readonly version: string;
  readonly state?: string;
  readonly outcome?: string;
  readonly statementsDone?: number | null;
  readonly stoppedAt?: string | null;
  readonly [key: string]: unknown;
}

/** The one document of `--format json`. */
export interface JsonDocument {
  readonly ok: boolean;
  readonly exitCode: number;
  readonly migrations: readonly JsonMigration[];
  readonly invalidIndexes: readonly { readonly name: string; readonly statement: string; readonly drop: string }[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly server?: { readonly sqlstate: string };
    readonly data?: Row;
  };
  readonly [key: string]: unknown;
}

/** A project, a database, and the executable between them. */
export interface Bench extends AsyncDisposable {
  readonly project: TemporaryProject;
  readonly instance: TestServer;
  readonly database: string;
  readonly url: string;
  /** Runs `confiture migrate ...` to its end. */
  migrate(...args: string[]): Promise<RunResult>;
  /** Runs it with `--format json` and reads the document. */
  json(...args: string[]): Promise<JsonDocument>;
  /** Runs any command line. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  start(args: readonly string[], options?: RunOptions): Promise<RunningBinary>;
  readonly query: <R extends object = Row>(sql: string) => Promise<R[]>;
  /** A session of its own, ended with the bench. */
  session(): postgres.Sql;
  write(migration: string, content: string): Promise<void>;
  /** "001 applied", one for each row of the ledger. */
  ledger(): Promise<string[]>;
  has(relation: string): Promise<boolean>;
  /** Lets `AT_THE_GATE` end, now and for the rest of the test. */
  openGate(): Promise<void>;
  /** Waits until a query gives a row; fails after some seconds. */
  until(sql: string, what?: string): Promise<Row>;
}

/** @param files by name inside db/migrations; a name with a slash is a path inside the project */
export async function bench(
  major: Major,
  files: Readonly<Record<string, string>>,
  options: BenchOptions = {},
): Promise<Bench> {
  const instance = options.instance ?? (await server(major));
  const database = options.database ?? (await instance.createDatabase("fire"));
  const plain = instance.url(database);
  const url = options.url?.(plain) ?? plain;
  const settings = Object.entries(options.migrations ?? {}).map(([key, value]) => `  ${key}: ${value}\n`);
  const project = await temporaryProject({
    "db/environments/local.yaml": `database:\n  url: ${JSON.stringify(url)}\n${settings.length === 0 ? "" : `migrations:\n${settings.join("")}`}${options.environment ?? ""}`,
    ...Object.fromEntries(
      Object.entries(files).map(([name, content]) => [name.includes("/") ? name : `db/migrations/${name}`, content]),
    ),
  });
  const sessions: postgres.Sql[] = [];
  let own: postgres.Sql | undefined;
  const running = new Set<RunningBinary>();
  const session = (): postgres.Sql => {
    const opened = instance.connect(database);
    sessions.push(opened);
    return opened;
  };
  const start = async (args: readonly string[], more: RunOptions = {}): Promise<RunningBinary> => {
    const started = await startBinary(args, {
      cwd: project.dir,
      timeout: 60_000,
      ...(binary === undefined ? {} : { binary }),
      ...more,
    });
    running.add(started);
    void started.result.finally(() => running.delete(started));
    return started;
  };
  const run = async (args: readonly string[], more: RunOptions = {}): Promise<RunResult> =>
    (await start(args, more)).result;
  const query = async <R extends object = Row>(sql: string): Promise<R[]> => {
    own ??= session();
    return [...(await own.unsafe<R[]>(sql))];
  };
  return {
    project,
    instance,
    database,
    url,
    run,
    start,
    query,
    session,
    migrate: (...args) => run(["migrate", ...args]),
    json: async (...args) => {
      const { stdout, stderr } = await run([...args, "--format", "json"]);
      try {
        return JSON.parse(stdout) as JsonDocument;
      } catch (cause) {
        throw new Error(`no JSON document:\n${stdout}\n${stderr}`, { cause });
      }
    },
    write: (name, content) => project.write(`db/migrations/${name}`, content),
    ledger: async () => {
      const rows = await query<{ entry: string }>(
        "SELECT version || ' ' || state AS entry FROM confiture_migrations ORDER BY version",
      );
      return rows.map(({ entry }) => entry);
    },
    has: async (relation) => {
      const [row] = await query<{ found: boolean }>(`SELECT to_regclass('${relation}') IS NOT NULL AS found`);
      return row?.found === true;
    },
    openGate: async () => void (await query("CREATE TABLE gate ()")),
    until: async (sql, what = sql) => {
      const deadline = performance.now() + 30_000;
      for (;;) {
        const [row] = await query(sql);
        if (row !== undefined) return row;
        if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
        await Bun.sleep(10);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { process: child } of running) child.kill("SIGKILL");
      await Promise.all(sessions.map((opened) => opened.end({ timeout: 1 })));
      await instance.dropDatabase(database).catch(() => {});
      await project.remove();
    },
  };
}

/** The session of a runner, as the server sees it; other sessions of the tests have no application name of ours. */
export const RUNNER = "application_name = 'confiture' AND datname = current_database()";

/** A query that gives a row as soon as a runner's statement that matches `pattern` is under way; what writes a migration's text to the ledger is none. */
export function runs(pattern: string): string {
  return `SELECT pid FROM pg_stat_activity WHERE ${RUNNER} AND state = 'active' AND query ILIKE '%${pattern}%'
    AND query NOT ILIKE '%confiture_migrations%'`;
}

/** A query that gives a row while some session holds an advisory lock in this database. */
export const LOCK_IS_HELD = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** A statement that goes on until the test calls `openGate`, however slow or fast the machine is. */
export const AT_THE_GATE =
  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'gate') LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;";

/** A query that gives a row while a runner other than the process `holder` asks for the lock again and again. */
export function waitsForLock(holder: number): string {
  return `SELECT 1 FROM pg_stat_activity WHERE ${RUNNER} AND pid <> ${holder} AND query LIKE '%pg_try_advisory_lock%'`;
}

/**
 * Waits until nobody holds the runner's lock; how long that took, in milliseconds. What a killed process had sent still runs: a
 * database that is renamed at this moment is not there for whoever connects.
 */
export async function lockIsFree(query: Bench["query"], limit = 15_000): Promise<number> {
  const started = performance.now();
  for (;;) {
    const [held] = await query(LOCK_IS_HELD).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== "3D000") throw error;
      return [{}];
    });
    const waited = performance.now() - started;
    if (held === undefined) return waited;
    if (waited > limit) throw new Error(`the lock is still held after ${Math.round(waited)} ms`);
    await Bun.sleep(20);
  }
}
