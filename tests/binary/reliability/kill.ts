import { Random } from "../../unit/sql/random.ts";
import type { Major } from "../../support/servers.ts";
import { type Bench, bench, lockIsFree } from "./bench.ts";
import { auditLines, catalogueLines, contradictions, ledgerLines, type Workload, workload } from "./workload.ts";

export interface KillFigures {
  readonly kills: number;
  /** Databases taken all the way up, and of those all the way down again. */
  readonly ups: number;
  readonly downs: number;
  /** Kills after which a migration stood half done in the ledger, and how a person went on from there. */
  readonly stopped: number;
  readonly continued: number;
  readonly skipped: number;
  readonly indexesDropped: number;
  /** The longest time until the lock was free, in milliseconds. */
  readonly lockFreeAfter: number;
}

export interface KillOptions {
  readonly major: Major;
  readonly seed: number;
  readonly migrations: number;
  /** At least this many processes are killed. */
  readonly kills: number;
  readonly onRound?: (figures: KillFigures) => void;
}

interface Reference {
  readonly catalogue: readonly string[];
  readonly ledger: readonly string[];
  readonly audit: readonly string[];
  /** Milliseconds that an undisturbed run takes. */
  readonly duration: number;
}

/**
 * Kills runners at random moments until enough have died, and after each looks for anything lost, doubled or
 * half done; between kills a person does what the tool says. Each database ends like one that was never
 * disturbed.
 * @throws Error that names the seed, for the first thing that is wrong
 */
export async function killRunners(options: KillOptions): Promise<KillFigures> {
  const work = workload(options.migrations);
  const random = new Random(options.seed);
  const reference = await undisturbed(options.major, work);
  const figures = {
    kills: 0,
    ups: 0,
    downs: 0,
    stopped: 0,
    continued: 0,
    skipped: 0,
    indexesDropped: 0,
    lockFreeAfter: 0,
  };
  while (figures.kills < options.kills) {
    await using b = await bench(options.major, work.files, { migrations: { lock_wait: "20s" } });
    const campaign: Campaign = { b, work, random, reference, figures, kills: options.kills };
    try {
      await drive(campaign, ["migrate", "up"]);
      same("catalogue", await catalogueLines(b.query), reference.catalogue);
      same("ledger", await ledgerLines(b.query), reference.ledger);
      same("audit", await auditLines(b.query), reference.audit);
      figures.ups++;
      if (figures.kills < options.kills) {
        await drive(campaign, ["migrate", "down", "--to", "0"]);
        const left = (await catalogueLines(b.query)).filter((line) => !line.includes("confiture_migrations"));
        same("catalogue after the way back", left, []);
        same("ledger after the way back", await ledgerLines(b.query), []);
        figures.downs++;
      }
      options.onRound?.(figures);
    } catch (cause) {
      throw new Error(`CONFITURE_SEED=${options.seed}, after ${figures.kills} kills: ${String(cause)}`, { cause });
    }
  }
  return figures;
}

async function undisturbed(major: Major, work: Workload): Promise<Reference> {
  await using b = await bench(major, work.files);
  const started = performance.now();
  const { exitCode, stderr } = await b.migrate("up");
  if (exitCode !== 0) throw new Error(stderr);
  const duration = performance.now() - started;
  same("contradictions", await contradictions(work, b.query), []);
  return {
    duration,
    catalogue: await catalogueLines(b.query),
    ledger: await ledgerLines(b.query),
    audit: await auditLines(b.query),
  };
}

interface Campaign {
  readonly b: Bench;
  readonly work: Workload;
  readonly random: Random;
  readonly reference: Reference;
  readonly figures: { -readonly [Key in keyof KillFigures]: KillFigures[Key] };
  readonly kills: number;
}

/** Runs a command until it is through, killing it while there are kills left, and resolving what stopped. */
async function drive(campaign: Campaign, command: readonly string[]): Promise<void> {
  const { b, work, random, reference, figures } = campaign;
  let next = command;
  for (let runs = 0; ; runs++) {
    if (runs > 400) throw new Error(`${command.join(" ")} does not come to an end`);
    // Every CREATE INDEX CONCURRENTLY waits at its end for a snapshot as old as this: time to die half done.
    const snapshot = figures.kills < campaign.kills && random.below(5) === 0 ? await holdSnapshot(b) : undefined;
    const runner = await b.start(next);
    // Some right at the start, most somewhere in the work; a run lasts longer than most of these.
    const patience = random.below(4) === 0 ? 150 : Math.max(300, reference.duration / 3);
    const killed =
      figures.kills < campaign.kills &&
      (await Promise.race([
        Bun.sleep(snapshot === undefined ? random.below(patience) : 500 + random.below(500)).then(() => true),
        runner.result.then(() => false),
      ]));
    if (killed) runner.process.kill("SIGKILL");
    // A runner that survives needs the snapshot gone to get on; a dead one's session should not.
    if (!killed) await snapshot?.();
    const { exitCode, stderr } = await runner.result;
    if (killed && exitCode === 137) {
      figures.kills++;
      figures.lockFreeAfter = Math.max(figures.lockFreeAfter, await lockIsFree(b.query));
    } else if (exitCode !== 0 && exitCode !== 7) {
      throw new Error(`${next.join(" ")} exited with ${exitCode}: ${stderr}`);
    }
    await snapshot?.();
    same(`contradictions after ${next.join(" ")}`, await contradictions(work, b.query), []);
    if (exitCode === 0 && next === command) return;
    next = (await resolution(campaign, killed)) ?? command;
  }
}

/** Opens a transaction that keeps its snapshot; returns how to end it. */
async function holdSnapshot(b: Bench): Promise<() => Promise<void>> {
  const session = b.session();
  await session.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await session.unsafe("SELECT 1");
  return () => session.end({ timeout: 1 });
}

/** What a person does about a migration that stopped: looks at the statement it stopped at, and says how it is. */
async function resolution({ b, figures }: Campaign, killed: boolean): Promise<readonly string[] | undefined> {
  const status = await b.json("migrate", "status");
  const stopped = status.migrations.find(({ state }) => state === "stopped");
  if (stopped === undefined) return undefined;
  if (killed) figures.stopped++;
  const resolve = ["migrate", "resolve", stopped.version];
  const { found, wanted } = await lookAt(b, stopped.version, stopped["stoppedAt"] ?? null);
  if (found === "invalid") {
    // As `status` says: clear it away. A DROP that got this far is finished by the same statement.
    const name = status.invalidIndexes[0]?.name;
    if (name === undefined) throw new Error(`an invalid index of ${stopped.version} is not named`);
    await b.query(`DROP INDEX CONCURRENTLY ${name}`);
    figures.indexesDropped++;
  }
  const isDone = wanted === "gone" ? found !== "valid" : wanted === "there" && found === "valid";
  if (isDone) figures.skipped++;
  else figures.continued++;
  return [...resolve, "--continue", ...(isDone ? ["--skip"] : [])];
}

type Look = { readonly found: "valid" | "invalid" | "none"; readonly wanted: "there" | "gone" | "nothing" };

async function lookAt(b: Bench, version: string, stoppedAt: string | null): Promise<Look> {
  const statement = stoppedAt ?? (await nextOfTypeScript(b, version));
  const [, verb, name] = /^(CREATE|DROP) INDEX CONCURRENTLY (\w+)/.exec(statement) ?? [];
  if (name === undefined) return { found: "none", wanted: "nothing" };
  const [index] = await b.query<{ valid: boolean }>(
    `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('${name}')`,
  );
  return {
    found: index === undefined ? "none" : index.valid ? "valid" : "invalid",
    wanted: verb === "CREATE" ? "there" : "gone",
  };
}

/** `status` does not run a TypeScript migration to tell where it stopped; a person counts in the file. */
async function nextOfTypeScript(b: Bench, version: string): Promise<string> {
  const [row] = await b.query<{ state: string; done: number }>(
    `SELECT state, statements_done AS done FROM confiture_migrations WHERE version = '${version}'`,
  );
  const text = await b.project.read(`db/migrations/${version}_step.ts`).catch(() => "");
  const [up = "", down = ""] = text.split("down()");
  const calls = [...(row?.state === "applying" ? up : down).matchAll(/execute\(`(.*)`\)/g)];
  return calls[row?.done ?? 0]?.[1] ?? "";
}

function same(what: string, actual: readonly string[], expected: readonly string[]): void {
  if (Bun.deepEquals(actual, expected)) return;
  const lacking = expected.filter((line) => !actual.includes(line)).map((line) => `- ${line}`);
  const extra = actual.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`);
  throw new Error(`${what}:\n${[...lacking, ...extra].slice(0, 20).join("\n") || "in another order or number"}`);
}
