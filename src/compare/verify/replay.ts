import type { ConfitureError } from "#errors/error.ts";
import { type LoadedMigration, undoesNothing } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { Direction } from "#migrate/events.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Rows } from "../contained/rows.ts";
import { BEGIN_WITH_BASE } from "./checks.ts";
import type { Finding } from "./finding.ts";
import { isMissingObject } from "../sources/sources.ts";
import type { ScratchRun } from "../runs/scratch-run.ts";
import type { Look, Watch } from "./watch.ts";

/** What replaying the migrations showed. */
export interface Replay {
  readonly findings: readonly Finding[];
  /** How many migrations were applied for good. */
  readonly applied: number;
  /** After all of them; undefined when they did not get that far. */
  readonly end: Catalogue | undefined;
  /** The rows that are there then, where somebody asked for them. */
  readonly rows?: Rows | undefined;
  /** The migration whose way back left the database so that nothing more can be learned in it. */
  readonly stuckAt?: LoadedMigration;
}

/** Migrations in order, and how they are looked at. */
export interface ReplayOptions {
  readonly migrations: readonly LoadedMigration[];
  /** Whether a migration is tried out; the others are only run to get there. */
  readonly isTested: (migration: LoadedMigration) => boolean;
  readonly watch: Watch;
  /** Who else looks at a migration that is tried out. */
  readonly onlooker?: Onlooker | undefined;
  /** Reads the rows that all of them have left. */
  readonly readRows?: (() => Promise<Rows>) | undefined;
}

/** Looks at what a migration does to a database, besides its catalogue. */
export interface Onlooker {
  /** Before it is applied. */
  before(migration: LoadedMigration): Promise<void>;
  /** After it was applied (`up`) or rolled back again (`down`). */
  after(migration: LoadedMigration, direction: Direction): Promise<void>;
}

/** Each migration up, down (which has to give what was before), and up again. */
export async function bringForward(run: ScratchRun, options: ReplayOptions): Promise<Replay> {
  const { migrations, isTested } = options;
  const findings: Finding[] = [];
  for (const [applied, migration] of migrations.entries()) {
    if (isTested(migration) && options.onlooker === undefined && (await run.thereAndBack(migration))) continue;
    const tried = isTested(migration) ? await tryOut(run, migration, options) : undefined;
    if (tried !== undefined) findings.push(...tried.findings);
    if (tried?.outcome === "failed") return { findings, applied, end: undefined };
    if (tried?.outcome === "stuck") return { findings, applied, end: undefined, stuckAt: migration };
    if (tried?.outcome === "kept") continue;
    const error = await run.step(migration, "up");
    if (error === undefined) continue;
    if (tried === undefined) {
      return { findings: [...findings, failure(migration, "does not apply", error)], applied, end: undefined };
    }
    findings.push(failure(migration, "does not apply again after its rollback", error));
    return { findings, applied, end: undefined, stuckAt: migration };
  }
  return { findings, applied: migrations.length, end: await run.read(), rows: await options.readRows?.() };
}

/** A migration whose change the schema files do not hold, as its rollback showed. */
interface Newer {
  readonly migration: LoadedMigration;
  /** Undefined where the rollback had nothing to change. */
  readonly error: ConfitureError | undefined;
}

/**
 * Rolls a built schema back through the migrations, tries each out (up and down: the state below it has to be the
 * same again), and brings it forward. The last ones may be newer than the schema files, which then hold nothing for
 * them to take away: they are applied on top.
 * @param options.migrations all of them with a down
 * @returns and how many of them the schema files hold
 */
export async function rollBackAndForward(
  run: ScratchRun,
  options: ReplayOptions,
): Promise<Replay & { readonly held: number }> {
  const { migrations, isTested, watch } = options;
  const newer: Newer[] = [];
  const held: LoadedMigration[] = [];
  const findings: Finding[] = [];
  // Each of these shows again when schema files and migrations are compared at the end, if it comes to that.
  const lost: Finding[] = [];
  const stopped = (...last: Finding[]): Replay & { held: number } => {
    watch.doubt(held);
    return { findings: [...findings, ...lost, ...last], applied: 0, end: undefined, held: held.length };
  };
  const built = await run.fingerprint();
  for (const migration of migrations.toReversed()) {
    const above = await watch.lookAgain(migration);
    await run.record(migration);
    const error = await run.step(migration, "down");
    if (error !== undefined) {
      await run.forget(migration);
      if (held.length > 0 || (await run.fingerprint()) !== built) {
        return stopped(notRolledBack(migration, error));
      }
      newer.unshift({ migration, error });
      continue;
    }
    // A rollback that changes nothing is no proof of anything: one of those below it may not be in the schema files.
    if (held.length === 0 && (await run.fingerprint()) === built) {
      newer.unshift({ migration, error: undefined });
      continue;
    }
    held.unshift(migration);
    if (!isTested(migration)) continue;
    const tried = await tryOut(run, migration, options, async () => {
      const top = await watch.lookAgain(migration);
      lost.push(...watch.difference(migration, "does not bring back what its rollback takes away", above, top));
    });
    findings.push(...tried.findings);
    if (tried.outcome !== "undone") return stopped();
  }
  for (const migration of held) {
    const error = await run.step(migration, "up");
    if (error !== undefined) return stopped(failure(migration, "does not apply again after its rollback", error));
  }
  // With nothing rolled back and nothing applied, the built schema would only be compared with itself.
  if (migrations.length === 0) return { findings, applied: 0, end: undefined, held: 0 };
  const rest = await bringForward(run, { ...options, migrations: newer.map(({ migration }) => migration) });
  const [first] = newer;
  // If it cannot be applied either, then the schema files do hold its change.
  const truth =
    rest.end === undefined && rest.applied === 0 && first?.error !== undefined
      ? [notRolledBack(first.migration, first.error), ...rest.findings]
      : rest.findings;
  return {
    findings: [...findings, ...truth],
    applied: held.length + rest.applied,
    end: rest.end,
    rows: rest.rows,
    held: newer.some(({ error }) => error !== undefined) ? held.length : migrations.length,
  };
}

/**
 * How a migration stands after it was tried out. `undone`: it was rolled back; `kept`: it is applied; `stuck`: its way
 * back stopped in the middle; `failed`: it could not be applied.
 */
type Tried = "undone" | "kept" | "stuck" | "failed";

/** One migration up and down again, from the state below it. */
async function tryOut(
  run: ScratchRun,
  migration: LoadedMigration,
  { watch, onlooker }: ReplayOptions,
  onTop?: () => Promise<void>,
): Promise<{ readonly findings: readonly Finding[]; readonly outcome: Tried }> {
  await onlooker?.before(migration);
  const { down } = migration;
  const before: Look = down === undefined ? undefined : await watch.look(migration);
  const upError = await run.step(migration, "up");
  if (upError !== undefined) return { findings: [failure(migration, "does not apply", upError)], outcome: "failed" };
  await onTop?.();
  await onlooker?.after(migration, "up");
  if (down === undefined) return { findings: [], outcome: "kept" };
  const isEmpty = undoesNothing(down);
  const downError = isEmpty ? undefined : await run.step(migration, "down");
  if (downError !== undefined) {
    const isWhole = down.kind === "refused" || down.transactional;
    return {
      findings: [failure(migration, "does not roll back", downError)],
      outcome: isWhole ? "kept" : "stuck",
    };
  }
  await onlooker?.after(migration, "down");
  const after = await watch.look(migration, before);
  // Code tells only now that there was nothing to roll back: the migration is as applied as it was.
  const ranNothing = !isEmpty && undoesNothing(down);
  if (ranNothing) await run.record(migration);
  return {
    findings: watch.difference(migration, "does not roll back exactly", before, after),
    outcome: isEmpty || ranNothing ? "kept" : "undone",
  };
}

/** What it would take away may only be missing from the schema files, which it was rolled back from. */
function notRolledBack(migration: LoadedMigration, error: ConfitureError): Finding {
  if (!isMissingObject(error)) return failure(migration, "does not roll back", error);
  const what = "cannot be rolled back from the built schema: do the schema files lack what it makes?";
  const hint = error.hint === undefined ? BEGIN_WITH_BASE : `${error.hint}\n${BEGIN_WITH_BASE}`;
  return failure(migration, what, error.with({ hint }));
}

export function failure({ file }: LoadedMigration, what: string, error: ConfitureError): Finding {
  return { migration: file, message: `${migrationId(file)} ${what}`, error };
}
