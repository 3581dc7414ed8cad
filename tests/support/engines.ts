import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import {
  MAJORS,
  type Major,
  NEWEST_ALONE,
  OLDEST_ALONE,
  type Row,
  server,
  startServer,
  type TestServer,
} from "./servers.ts";

/** An empty database for one test. */
export interface TestDatabase extends AsyncDisposable {
  readonly target: Target;
  /** The connection URL; undefined on the embedded engine. */
  readonly url: string | undefined;
  /**
   * Runs one statement in a session of its own, to look at what the code under test did. The embedded
   * engine has one session at a time: close the test's own before.
   */
  query<R extends object = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
  drop(): Promise<void>;
}

export interface TestEngine {
  readonly name: string;
  readonly kind: "server" | "embedded";
  readonly major: Major;
  fresh(): Promise<TestDatabase>;
}

function serverEngine(major: Major): TestEngine {
  return {
    name: `PostgreSQL ${major}`,
    kind: "server",
    major,
    fresh: async () => await freshOn(await server(major), true),
  };
}

/** @param isDropped whether the database goes with it, and not with its server */
async function freshOn(instance: TestServer, isDropped: boolean): Promise<TestDatabase> {
  const name = await instance.createDatabase();
  const session = instance.connect(name);
  const drop = async (): Promise<void> => {
    await session.end({ timeout: 1 });
    if (isDropped) await instance.dropDatabase(name);
  };
  return {
    target: instance.target(name),
    url: instance.url(name),
    query: async <R extends object>(sql: string, parameters: readonly unknown[] = []) => [
      ...(await session.unsafe<R[]>(sql, parameters as never[])),
    ],
    drop,
    [Symbol.asyncDispose]: drop,
  };
}

/** A server of its own, with settings of its own; whoever asks for it stops it. */
export function ownServer(
  major: Major,
  settings: readonly string[],
): TestEngine & { readonly stop: () => Promise<void> } {
  let starting: Promise<TestServer> | undefined;
  return {
    name: `PostgreSQL ${major}`,
    kind: "server",
    major,
    fresh: async () => await freshOn(await (starting ??= startServer({ major, settings })), false),
    stop: async () => await (await starting)?.stop("immediate"),
  };
}

const embeddedEngine: TestEngine = {
  name: "embedded",
  kind: "embedded",
  major: 18,
  async fresh() {
    const parent = await mkdtemp(join(await realpath(tmpdir()), "confiture-embedded-"));
    const target: Target = { engine: "embedded", path: join(parent, "database") };
    const drop = (): Promise<void> => rm(parent, { recursive: true, force: true });
    return {
      target,
      url: undefined,
      query: (sql, parameters) => withDatabase(target, {}, (database) => database.query(sql, parameters)),
      drop,
      [Symbol.asyncDispose]: drop,
    };
  },
};

/**
 * Everything a database test has to hold on: `for (const engine of engines) describe(engine.name, ...)`.
 * `CONFITURE_TEST_POSTGRES` chooses the servers.
 */
export const engines: readonly TestEngine[] = [...MAJORS.map(serverEngine), embeddedEngine];

/** For what does not depend on PostgreSQL's version; each file takes the one or the other. */
export const oldestAndEmbedded: readonly TestEngine[] = [...OLDEST_ALONE.map(serverEngine), embeddedEngine];
export const newestAndEmbedded: readonly TestEngine[] = [...NEWEST_ALONE.map(serverEngine), embeddedEngine];

/** For what the embedded engine cannot do: several sessions, roles, locks between sessions. */
export const serverEngines: readonly TestEngine[] = engines.filter((engine) => engine.kind === "server");
export const oldestServer: readonly TestEngine[] = oldestAndEmbedded.filter((engine) => engine.kind === "server");
export const newestServer: readonly TestEngine[] = newestAndEmbedded.filter((engine) => engine.kind === "server");
