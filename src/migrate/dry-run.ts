import { LOOK_UP } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "./files/migration-file.ts";
import type { MigrateOptions } from "./exclusive.ts";
import { createLedger } from "./ledger/change.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { requireApproved } from "./approval/approved-plan.ts";
import { askSameObjects } from "./approval/named-objects.ts";
import { askPlannedDatabase, requireSameDatabase } from "./approval/planned-database.ts";
import { loadAll } from "./files/load-all.ts";
import { type UpOptions } from "./migrator.ts";
import { runOptionsOf } from "./run/session.ts";
import { type PlanDownOptions, planUp, type PlanUpOptions } from "./plan.ts";
import { bodyOf, type LoadedMigration } from "./files/body.ts";
import type { Direction } from "./events.ts";
import { DIRECTLY, type Performer } from "./run/performer.ts";
import { runMigration } from "./run/run.ts";
import { status, withHistory } from "./status.ts";
import { withWaysBack } from "./ways-back.ts";

/** What would be done with one migration. */
export interface PlannedMigration {
  readonly file: MigrationFile;
  readonly transactional: boolean;
  /** Each is sent as it stands here; the ledger's own statements are among them. */
  readonly statements: readonly string[];
  /** Those of them that are the migration's. */
  readonly own: readonly string[];
  /** Why the SQL ends there: what a TypeScript migration does next may depend on the rows that it reads. */
  readonly incomplete: string | undefined;
}

/**
 * The SQL that `up` would send, without sending it: reads files and ledger, takes no lock, creates nothing. The
 * runner itself runs, over a database that only takes its statements down.
 * @throws ConfitureError as `up`, for everything that would stop it before the first migration
 */
export async function dryRunUp(
  options: MigrateOptions,
  plan: PlanUpOptions & Pick<UpOptions, "approved">,
): Promise<PlannedMigration[]> {
  const { history, ledger } = await status(options);
  const migrations = await loadAll(planUp(history, plan), "up", options);
  if (plan.approved !== undefined) {
    const other = requireSameDatabase(plan.approved.database, await askPlannedDatabase(options));
    if (other !== undefined) options.onEvent?.({ type: "planned-elsewhere", message: other });
    requireApproved(plan.approved, history, migrations);
    await askSameObjects(plan.approved.named, migrations, options);
  }
  return await takeDown(migrations, "up", options, ledger);
}

/**
 * The SQL that `down` would send, without sending it, as `dryRunUp`.
 * @throws ConfitureError as `down`, for everything that would stop it before the first migration
 */
export async function dryRunDown(options: MigrateOptions, plan: PlanDownOptions): Promise<PlannedMigration[]> {
  return await withHistory(options, async ({ database, ledger, history, found }) => {
    if (database === undefined) return [];
    return await withWaysBack({ database, ledger, history, layout: found.layout }, options, plan, (migrations) =>
      takeDown(migrations, "down", options, ledger),
    );
  });
}

async function takeDown(
  migrations: readonly LoadedMigration[],
  direction: Direction,
  options: MigrateOptions,
  ledger: Ledger,
): Promise<PlannedMigration[]> {
  const planned: PlannedMigration[] = [];
  for (const [index, migration] of migrations.entries()) {
    const recorder = new Recorder(options.target.engine);
    if (index === 0) await createLedger(recorder, ledger);
    const run = runOptionsOf({ ...options, onEvent: undefined }, { ...ledger, exists: true });
    const own = new Recorder(options.target.engine, recorder);
    const performer: Performer = {
      ...DIRECTLY,
      statements: (_database, script, statements) => DIRECTLY.statements(own, script, statements),
      query: (_database, script, sql, parameters) => DIRECTLY.query(own, script, sql, parameters),
    };
    await runMigration(recorder, migration, direction, { ...run, performer }).catch((error: unknown) => {
      if (recorder.incomplete === undefined) throw error;
    });
    planned.push({
      file: migration.file,
      transactional: bodyOf(migration, direction).transactional,
      statements: recorder.statements,
      own: own.statements,
      incomplete: recorder.incomplete,
    });
  }
  return planned;
}

/** Takes statements down instead of running them. */
class Recorder implements Database {
  readonly engine: Database["engine"];
  readonly backendPid = 0;
  readonly pooled = false;
  readonly serverVersion = 0;
  readonly statements: string[] = [];
  /** Set where nothing can be known any more: what comes behind would only be the runner's way out. */
  incomplete: string | undefined;
  /** Within a transaction in which the tool looks something up. */
  #looksUp = false;
  /** Another one, for which this one takes down a part. */
  readonly #whole: Recorder;

  constructor(engine: Database["engine"], whole?: Recorder) {
    this.engine = engine;
    this.#whole = whole ?? this;
  }

  async execute(sql: string): Promise<void> {
    if (sql.startsWith(LOOK_UP)) this.#looksUp = true;
    else if (this.#looksUp && sql === "commit") this.#looksUp = false;
    else this.#take(sql);
  }

  async query<Row extends object>(sql: string): Promise<Row[]> {
    if (this.#looksUp) return [];
    const [line] = sql.trim().split("\n");
    const why = `the answer is known only when this runs: ${line}`;
    this.#whole.incomplete ??= why;
    throw new ConfitureError("migration_failed", why);
  }

  async copyIn(sql: string, data: Parameters<Database["copyIn"]>[1]): Promise<void> {
    const parts: string[] = [];
    const decoder = new TextDecoder();
    for await (const part of data) parts.push(typeof part === "string" ? part : decoder.decode(part, { stream: true }));
    this.#take(`${sql};\n${parts.join("")}\\.`);
  }

  async cancel(): Promise<void> {}

  async close(): Promise<void> {}

  #take(sql: string): void {
    if (this.#whole.incomplete !== undefined) return;
    this.statements.push(sql);
    if (this.#whole !== this) this.#whole.statements.push(sql);
  }
}
