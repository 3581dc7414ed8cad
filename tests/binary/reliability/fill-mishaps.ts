import { setTimeout as sleep } from "node:timers/promises";
import { runBinary } from "../../support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../../support/project.ts";
import { type Major, startServer, type TestServer } from "../../support/servers.ts";
import { smallDisk } from "../../support/small-disk.ts";
import { Random } from "../../unit/sql/random.ts";
import { CommandAtWork } from "./command-at-work.ts";
import { Releases } from "./releases.ts";
import { CHANGE, renamedColumn } from "./renamed-column.ts";

/** What happens to a change in steps. */
export type FillMishap = keyof typeof FILL_MISHAPS;

export const FILL_MISHAPS = {
  killed: "the process killed with SIGKILL",
  interrupted: "the process told to end with SIGTERM",
  terminated: "its session ended with `pg_terminate_backend`",
  restarted: "the server stopped and started again",
  crashed: "the server crashed and started again",
} as const;

/** The step that is under way. */
export type FillPhase = keyof typeof PHASES;

/** Databases that rounds begin with, and what leads from each to the next. */
const STATES = {
  made: ["up", "--to", "1"],
  filled: ["up"],
  contracted: ["up", "--contract", CHANGE],
} as const;

const PHASES = {
  expand: { from: "made", says: "002_", within: 60, command: ["up"] },
  fill: { from: "made", says: "003_", within: 900, command: ["up"] },
  validate: { from: "made", says: "004_", within: 80, command: ["up"] },
  contract: { from: "filled", says: "005_", within: 60, command: ["up", "--contract", CHANGE] },
  "contract back": { from: "contracted", says: "005_", within: 80, command: ["down"] },
} as const satisfies Record<
  string,
  { from: keyof typeof STATES; says: string; within: number; command: readonly string[] }
>;

export interface FillMishapFigures {
  readonly mishap: FillMishap;
  readonly phase: FillPhase;
  readonly times: number;
  /** Came too late: the command had ended well. */
  readonly late: number;
  /** A migration stood half done, was named, and went on with `resolve --continue`. */
  readonly named: number;
}

export interface FillMishapOptions {
  readonly major: Major;
  readonly seed: number;
  readonly rows: number;
  readonly times: readonly (readonly [FillMishap, FillPhase, number])[];
  readonly onMishap?: (figures: FillMishapFigures) => void;
}

/** So often a command is begun again before that is called endless. */
const TRIES = 20;

/**
 * Takes a column through its rename again and again while an old and a new release write, lets something go wrong in a phase, begins
 * again as a person would, and looks at every row.
 * @throws Error that names the seed, for the first row that is not what was written
 */
export async function tryFillMishaps(options: FillMishapOptions): Promise<FillMishapFigures[]> {
  const random = new Random(options.seed);
  const bench = await MishapBench.open(options);
  try {
    const all: FillMishapFigures[] = [];
    for (const [mishap, phase, times] of options.times) {
      const figures = { mishap, phase, times: 0, late: 0, named: 0 };
      while (figures.times < times) {
        const { isLate, isNamed } = await bench.round(mishap, phase, random).catch((cause: unknown) => {
          throw new Error(`CONFITURE_SEED=${options.seed}, ${phase} ${mishap} ${figures.times + 1}: ${String(cause)}`, {
            cause,
          });
        });
        figures.times++;
        if (isLate) figures.late++;
        if (isNamed) figures.named++;
      }
      options.onMishap?.(figures);
      all.push(figures);
    }
    return all;
  } finally {
    await bench.close();
  }
}

class MishapBench {
  readonly #server: TestServer;
  readonly #project: TemporaryProject;

  private constructor(server: TestServer, project: TemporaryProject) {
    this.#server = server;
    this.#project = project;
  }

  static async open({ major, rows }: FillMishapOptions): Promise<MishapBench> {
    // What was committed is there after a crash.
    const server = await startServer({ major, settings: ["synchronous_commit = on"] });
    const project = await renamingProject(server, "changed", rows);
    const bench = new MishapBench(server, project);
    // A database for each state in which a round may begin.
    await server.sql("create database changed");
    for (const [state, command] of Object.entries(STATES)) {
      await bench.#run(command);
      await server.sql(`create database "${state}" template changed`);
    }
    return bench;
  }

  async close(): Promise<void> {
    await this.#server.stop("immediate");
    await this.#project.remove();
  }

  async round(mishap: FillMishap, phase: FillPhase, random: Random): Promise<{ isLate: boolean; isNamed: boolean }> {
    const { from, command, says, within } = PHASES[phase];
    await this.#server.sql("drop database if exists changed with (force)");
    await this.#server.sql(`create database changed template "${from}"`);
    const releases = await Releases.start(this.#server, "changed", random.below(2 ** 31));
    try {
      const run = new CommandAtWork(this.#project.dir, ["migrate", ...command]);
      await run.says(says);
      await sleep(random.below(within));
      await this.#strike(mishap, run);
      const { exitCode } = await run.ended;
      const isNamed = await this.#finish(command);
      await releases.check();
      await this.#requireOnce(phase);
      // To the end: the contract is refused where something is not as it has to be.
      await this.#run(["up", "--contract", CHANGE]);
      await releases.check();
      return { isLate: exitCode === 0, isNamed };
    } finally {
      await releases.end();
    }
  }

  async #strike(mishap: FillMishap, run: CommandAtWork): Promise<void> {
    switch (mishap) {
      case "killed":
        return run.kill("SIGKILL");
      case "interrupted":
        return run.kill("SIGTERM");
      case "terminated":
        await this.#server.sql(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'confiture%' and datname = 'changed'",
        );
        return;
      case "restarted":
      case "crashed":
        await this.#server.stop(mishap === "crashed" ? "immediate" : "fast");
        await this.#server.start();
    }
  }

  /**
   * Does what a person does: looks, and gives the command once more, or what is said where a migration stands half done.
   * @returns whether one did
   */
  async #finish(command: readonly string[]): Promise<boolean> {
    let isNamed = false;
    for (let tries = 0; tries < TRIES; tries++) {
      const status = await runBinary(["migrate", "status", "--format", "json"], { cwd: this.#project.dir });
      if (status.exitCode !== 0) throw new Error(status.stdout + status.stderr);
      const { migrations } = JSON.parse(status.stdout) as { migrations: { version: string; state: string }[] };
      const stopped = migrations.find(({ state }) => state === "stopped");
      const isBack = migrations.find(({ version }) => version === "005")?.state !== "applied";
      if (command[0] === "down" && isBack) return isNamed;
      const next = stopped === undefined ? command : ["resolve", stopped.version, "--continue"];
      isNamed ||= stopped !== undefined;
      const { exitCode, stderr } = await runBinary(["migrate", ...next], { cwd: this.#project.dir });
      if (exitCode === 0 && next === command) return isNamed;
      if (exitCode !== 0 && tries === TRIES - 1)
        throw new Error(`${next.join(" ")} exited with ${exitCode}: ${stderr}`);
    }
    throw new Error(`${command.join(" ")} does not come to an end`);
  }

  async #run(command: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await runBinary(["migrate", ...command], { cwd: this.#project.dir });
    if (exitCode !== 0) throw new Error(`${command.join(" ")} exited with ${exitCode}: ${stderr}`);
  }

  /** No row was changed by the fill and changed again; the way back of the contract changes all of them. */
  async #requireOnce(phase: FillPhase): Promise<void> {
    if (phase === "contract back") return;
    const session = this.#server.connect("changed");
    const twice = await session`select id from noted group by id having count(*) > 1 limit 1`;
    await session.end();
    if (twice.length > 0) throw new Error(`row ${twice[0]!["id"]} was filled twice`);
  }
}

/** A project whose column is renamed in steps, with an environment for a database. */
export async function renamingProject(
  server: TestServer,
  database: string,
  rows: number,
  more = "",
  tablespace?: string,
): Promise<TemporaryProject> {
  return await temporaryProject({
    "db/environments/local.yaml": `database:\n  url: ${server.url(database)}\nmigrations: { lock_wait: 30s, contract: manual }\n${more}`,
    ...renamedColumn({
      rows,
      fill: "batch:100 pause:5ms",
      noted: true,
      ...(tablespace === undefined ? {} : { tablespace }),
    }),
  });
}

/**
 * Fills a table whose disk is full, and makes room bit by bit.
 * @returns how often the fill stopped for that; undefined where no disk can be made here
 */
export async function fillFullDisk({
  major,
  seed,
  rows,
}: Omit<FillMishapOptions, "times">): Promise<number | undefined> {
  await using disk = await smallDisk(256);
  if (disk === undefined) return undefined;
  const server = await startServer({ major });
  try {
    await server.sql(`create tablespace small location '${disk.path}'`);
    await server.sql("create database changed");
    await using project = await renamingProject(server, "changed", rows, "", "small");
    const migrate = (...args: string[]): ReturnType<typeof runBinary> =>
      runBinary(["migrate", ...args], { cwd: project.dir });
    const begun = await migrate("up", "--to", "2");
    if (begun.exitCode !== 0) throw new Error(begun.stderr);
    const [used] = await server.sql("select pg_tablespace_size('small') as bytes");
    let megabytes = Math.ceil(Number(used!["bytes"]) / 2 ** 20);
    const releases = await Releases.start(server, "changed", seed);
    let stops = 0;
    try {
      for (;;) {
        disk.resize(++megabytes);
        const { exitCode, stderr } = await migrate("up");
        if (exitCode === 0) break;
        if (!stderr.includes("No space left on device")) throw new Error(stderr);
        stops++;
      }
      disk.resize(256);
      await releases.check();
      const { exitCode, stderr } = await migrate("up", "--contract", CHANGE);
      if (exitCode !== 0) throw new Error(stderr);
      await releases.check();
    } finally {
      await releases.end();
    }
    return stops;
  } finally {
    await server.stop("immediate");
  }
}
