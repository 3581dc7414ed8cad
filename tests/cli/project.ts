import { expect } from "bun:test";
import { runBinary, type RunOptions, type RunResult } from "../support/cli.ts";
import { runHere } from "../support/in-process.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { MAJORS, type Major, server, type TestServer } from "../support/servers.ts";

/** The oldest and the newest server there is: what differs between versions differs between these. */
export const OLDEST_AND_NEWEST: readonly Major[] = [...new Set([MAJORS[0]!, MAJORS.at(-1)!])];
export const NEWEST: Major = MAJORS.at(-1)!;

/** A superuser whose password can be told from every other text, so that no output can show it unnoticed. */
const USER = "cli_tester";
const PASSWORD = "Tr0ub4dor/&3 ß";
const PASSWORD_FORMS = [PASSWORD, encodeURIComponent(PASSWORD), encodeURI(PASSWORD), "Tr0ub4dor"];

/** A project on a database of its own, and the commands in it. */
export interface CliProject extends TemporaryProject {
  readonly server: TestServer;
  /** The database's name. */
  readonly database: string;
  readonly url: string;
  /** Runs a command in the project; no output may hold the password. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** As `run`, and it has to exit with 0. */
  succeed(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Everything in the database that a command could have changed, ledger included, as text. */
  snapshot(): Promise<string>;
}

const roles = new Map<Major, Promise<unknown>>();

function makeRole(instance: TestServer): Promise<unknown> {
  let made = roles.get(instance.major);
  if (made === undefined) {
    made = instance.sql(`CREATE ROLE ${USER} SUPERUSER LOGIN PASSWORD '${PASSWORD}'`);
    roles.set(instance.major, made);
  }
  return made;
}

/** An environment file for a database of the server. */
export function environmentFile({ port, host }: TestServer, database: string, more = ""): string {
  return `database:
  host: ${host}
  port: ${port}
  database: ${database}
  user: ${USER}
  password: "${PASSWORD}"
${more}`;
}

export function databaseUrl({ host, port }: TestServer, database: string, password = PASSWORD): string {
  return `postgres://${USER}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

interface ProjectOptions {
  readonly major?: Major;
  readonly name?: string;
}

/** As `cliProject`, with the executable: for what a process is needed for. */
export async function executableProject(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  options: ProjectOptions = {},
): Promise<CliProject> {
  return await cliProject(files, options, runBinary);
}

/** A project with `db/environments/local.yaml` for a new, empty database. Commands run in this process. */
export async function cliProject(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  { major = NEWEST, name = "project" }: ProjectOptions = {},
  runs: typeof runHere = runHere,
): Promise<CliProject> {
  const instance = await server(major);
  await makeRole(instance);
  const database = await instance.createDatabase("cli");
  const project = await temporaryProject(
    { "db/environments/local.yaml": environmentFile(instance, database), ...files },
    name,
  );
  const session = instance.connect(database);
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
    const result = await runs(args, { cwd: project.dir, timeout: 60_000, ...options });
    expectNoPassword(result);
    return result;
  };
  const remove = async (): Promise<void> => {
    await session.end({ timeout: 1 });
    await instance.dropDatabase(database);
    await project.remove();
  };
  return {
    ...project,
    server: instance,
    database,
    url: databaseUrl(instance, database),
    run,
    async succeed(args, options) {
      const result = await run(args, options);
      if (result.exitCode !== 0) throw new Error(`confiture ${args.join(" ")}: ${JSON.stringify(result, null, 2)}`);
      return result;
    },
    query: async (sql) => [...(await session.unsafe(sql))],
    async snapshot() {
      const [catalogue] = await session.unsafe(CATALOGUE);
      const [ledger] = await session.unsafe(`SELECT to_regclass('confiture_migrations') IS NOT NULL AS exists`);
      const rows = ledger?.["exists"] === true ? await session.unsafe("TABLE confiture_migrations") : [];
      return JSON.stringify([catalogue, [...rows]], null, 2);
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

function expectNoPassword({ stdout, stderr }: RunResult): void {
  for (const form of PASSWORD_FORMS) {
    expect(stdout).not.toContain(form);
    expect(stderr).not.toContain(form);
  }
}

/** Identities, not only names: a table that was dropped and made again is another. */
const CATALOGUE = `
  WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
  SELECT
    (SELECT jsonb_agg(to_jsonb(own) ORDER BY oid) FROM own) AS schemas,
    (SELECT jsonb_agg(jsonb_build_array(c.oid, own.nspname, relname, relkind, relfilenode, reltuples) ORDER BY c.oid)
       FROM pg_class c JOIN own ON own.oid = relnamespace) AS relations,
    (SELECT jsonb_agg(jsonb_build_array(attrelid, attnum, attname, atttypid) ORDER BY attrelid, attnum)
       FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN own ON own.oid = relnamespace) AS columns,
    (SELECT jsonb_agg(jsonb_build_array(p.oid, proname, prosrc) ORDER BY p.oid)
       FROM pg_proc p JOIN own ON own.oid = pronamespace) AS routines,
    (SELECT jsonb_agg(jsonb_build_array(t.oid, typname) ORDER BY t.oid)
       FROM pg_type t JOIN own ON own.oid = typnamespace) AS types`;
