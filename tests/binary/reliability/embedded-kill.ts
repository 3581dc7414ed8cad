import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openEmbeddedDatabase } from "#database/embedded/embedded.ts";
import { startBinary } from "../../support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../../support/project.ts";
import type { Row } from "../../support/servers.ts";
import { Random } from "../../unit/sql/random.ts";
import { contradictions, type Workload, workload } from "./workload.ts";

export interface EmbeddedFigures {
  /** Runs that were killed, or stopped and copied. */
  readonly rounds: number;
  /** Migrations that were done in what was left, summed over all rounds. */
  readonly migrations: number;
}

/** What is done to a run at a random moment. */
export type Mishap = "killed" | "copied" | "power lost";

export interface EmbeddedKillOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly mishap: Mishap;
}

const MIGRATIONS = 20;
const FOLDER = ".confiture/local";
const ENVIRONMENT = "database:\n  engine: embedded\n";

/** Whether a file system of one's own can be mounted here, which a loss of power needs. */
export function canMount(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0 && Bun.which("mkfs.ext4") !== null && tryMount();
}

/**
 * Lets something happen to `migrate up` on the embedded engine, again and again:
 * `killed`: SIGKILL; `copied`: the process is stopped, and its folder copied as it stands, as a snapshot of the file
 * system would have it; `power lost`: the folder is on a disk of its own, of which only that is kept what the system had
 * brought to it, so what was not synced is lost. Then the database has to open, and its ledger to agree with its catalogue.
 * @throws Error for the first time that it does not
 */
export async function killEmbedded(options: EmbeddedKillOptions): Promise<EmbeddedFigures> {
  const work = workload(MIGRATIONS);
  const random = new Random(options.seed);
  const files = Object.fromEntries(Object.entries(work.files).map(([name, text]) => [`db/migrations/${name}`, text]));
  const figures = { rounds: 0, migrations: 0 };
  const duration = await (undisturbed ??= durationOf(files));
  while (figures.rounds < options.rounds) {
    await using project = await temporaryProject({ "db/environments/local.yaml": ENVIRONMENT, ...files });
    await using disk = options.mishap === "power lost" ? await mountDisk(project) : undefined;
    // The first part of a run goes into making the folder and starting the engine.
    const after = duration * 0.3 + random.below(Math.ceil(duration * 0.7));
    const done = await mishap(project, options.mishap, disk, after);
    if (done === undefined) continue;
    figures.rounds++;
    figures.migrations += await audit(done, work);
  }
  return figures;
}

let undisturbed: Promise<number> | undefined;

/** Milliseconds that an undisturbed run takes. */
async function durationOf(files: Readonly<Record<string, string>>): Promise<number> {
  await using project = await temporaryProject({ "db/environments/local.yaml": ENVIRONMENT, ...files });
  const started = performance.now();
  const { exitCode, stderr } = await (await startBinary(["migrate", "up"], { cwd: project.dir })).result;
  if (exitCode !== 0) throw new Error(stderr);
  return performance.now() - started;
}

/**
 * @param after milliseconds
 * @returns the folder that was left; undefined when the run was through before anything could happen
 */
async function mishap(
  project: TemporaryProject,
  kind: Mishap,
  disk: Disk | undefined,
  after: number,
): Promise<string | undefined> {
  const runner = await startBinary(["migrate", "up"], { cwd: project.dir, timeout: 120_000 });
  const happens = await Promise.race([Bun.sleep(after).then(() => true), runner.result.then(() => false)]);
  if (!happens) return undefined;
  runner.process.kill(kind === "killed" ? "SIGKILL" : "SIGSTOP");
  const copy = project.path("copy");
  if (kind === "copied") await cp(project.path(".confiture"), copy, { recursive: true }).catch(() => {});
  const image = disk === undefined ? undefined : await disk.keepWhatWasSynced();
  runner.process.kill("SIGKILL");
  await runner.result;
  if (kind === "killed") return project.path(FOLDER);
  return image === undefined ? join(copy, "local") : join(image, "local");
}

/** Opens what was left and holds the ledger against the catalogue; the number of migrations in it. */
async function audit(folder: string, work: Workload): Promise<number> {
  const database = await openEmbeddedDatabase({ engine: "embedded", path: folder });
  try {
    const query = (sql: string): Promise<Row[]> => database.query(sql);
    const wrong = await contradictions(work, query);
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    const [ledger] = await query("SELECT to_regclass('confiture_migrations') IS NOT NULL AS found");
    if (ledger?.["found"] !== true) return 0;
    const [row] = await query("SELECT count(*)::int AS n FROM confiture_migrations WHERE state = 'applied'");
    return row?.["n"] as number;
  } finally {
    await database.close();
  }
}

/** A disk in a file, mounted where the embedded engine keeps its folder. */
interface Disk extends AsyncDisposable {
  /** What would be there after a loss of power, mounted elsewhere. */
  keepWhatWasSynced(): Promise<string>;
}

function run(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success;
}

function must(...command: string[]): void {
  if (!run(...command)) throw new Error(`${command.join(" ")} failed`);
}

async function mountDisk(project: TemporaryProject): Promise<Disk> {
  const image = project.path("disk");
  const at = project.path(".confiture");
  const after = project.path("after");
  await mkdir(at, { recursive: true });
  await mkdir(after, { recursive: true });
  must("truncate", "-s", "300M", image);
  must("mkfs.ext4", "-q", image);
  must("mount", "-o", "loop", image, at);
  return {
    async keepWhatWasSynced() {
      // Writes that the system still holds back are not in the file below. Some may come through while it is copied: then again,
      // for a disk that loses power does so at one moment.
      do must("cp", "--sparse=always", image, `${image}.kept`);
      while (!run("cmp", "--quiet", image, `${image}.kept`));
      must("mount", "-o", "loop", `${image}.kept`, after);
      return after;
    },
    async [Symbol.asyncDispose]() {
      run("umount", "-l", after);
      run("umount", "-l", at);
      await rm(image, { force: true });
      await rm(`${image}.kept`, { force: true });
    },
  };
}

function tryMount(): boolean {
  const folder = Bun.spawnSync(["mktemp", "-d"]).stdout.toString().trim();
  const image = `${folder}/disk`;
  const mounted =
    run("truncate", "-s", "16M", image) && run("mkfs.ext4", "-q", image) && run("mount", "-o", "loop", image, folder);
  if (mounted) run("umount", folder);
  run("rm", "-r", folder);
  return mounted;
}
