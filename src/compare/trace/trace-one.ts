import { asFailure, type ConfitureError } from "#errors/error.ts";
import { type ScratchRun } from "../runs/scratch-run.ts";
import type { StatementFacts } from "./facts.ts";
import { Tracer, type TracerOptions } from "./tracer.ts";
import { isOverLimit, limitingCode } from "../runs/within-limit.ts";

/**
 * `together`: statements run as the runner would run them. `apart`: each in a transaction of its own, so that its locks are those
 * that it asked for itself; PostgreSQL does not tell whether a statement asked for a lock that its transaction had already.
 * `both`: together, taken back, and apart, wherever that leads to the same database.
 */
export type Way = "together" | "apart" | "both";

/** What came of one migration. */
export interface TracedOne {
  readonly statements: readonly StatementFacts[];
  readonly error: ConfitureError | undefined;
  /** Whether the own locks of every statement are known. */
  readonly isComplete: boolean;
  /** Whether the database is not as the migration leaves it. */
  readonly isAstray: boolean;
  /** Whether the meter has seen everything that it did. */
  readonly isWatched: boolean;
}

export interface TraceOneOptions extends Omit<TracerOptions, "isApart"> {
  readonly signal: AbortSignal | undefined;
}

/** Runs one migration's way up, and takes down what its statements do. */
export async function traceOne(run: ScratchRun, options: TraceOneOptions, way: Way): Promise<TracedOne> {
  const { migration, meter, lost } = options;
  if (migration.up.kind === "refused") {
    return { statements: [], error: migration.up.error, isComplete: true, isAstray: false, isWatched: true };
  }
  if (way !== "both" || !meter.hasInUse || !isWorthBoth(options)) {
    const { limit, signal } = options;
    if (way === "apart" && limit.reached.has(migration.file.path)) return NOT_AGAIN;
    const goBack = options.rows.mark();
    const tracer = new Tracer({ ...options, isApart: way === "apart" });
    const error = await limitingCode(migration.file, limit, signal, (within) =>
      run.step(migration, "up", tracer, within),
    ).catch(asFailure);
    if (error !== undefined) goBack();
    const statements = isOverLimit(error) ? firstOfEach(tracer.statementFacts) : tracer.statementFacts;
    const isWatched = error === undefined && tracer.isWatched;
    return { statements, error, isComplete: !statements.some(mayRepeat), isAstray: false, isWatched };
  }
  const lostBefore = lost.any;
  const together = new Tracer({ ...options, isApart: false });
  const goBack = options.rows.mark();
  const error = await run.tryOut(migration, together);
  goBack();
  const there = meter.all();
  await meter.refresh();
  const statements = together.statementFacts;
  if (error !== undefined) {
    return { statements, error, isComplete: !statements.some(mayRepeat), isAstray: false, isWatched: true };
  }
  const apart = new Tracer({ ...options, lost: { any: lostBefore }, isApart: true });
  const failed = await run.step(migration, "up", apart);
  const isAstray =
    failed !== undefined || !haveSameOutcome(statements, apart.statementFacts) || !Bun.deepEquals(there, meter.all());
  return {
    statements: locksOfApart(statements, apart.statementFacts),
    error,
    isComplete: !isAstray,
    isAstray,
    isWatched: apart.isWatched,
  };
}

/** Of code that did not end before. */
const NOT_AGAIN: TracedOne = { statements: [], error: undefined, isComplete: true, isAstray: false, isWatched: true };

/** So many statements of code that does not end are told. */
const MOST = 100;

/** A loop asks for the same thing again and again. */
function firstOfEach(statements: readonly StatementFacts[]): StatementFacts[] {
  return [...Map.groupBy(statements, ({ sql }) => sql).values()].flatMap(([first]) => first ?? []).slice(0, MOST);
}

/** Whether it has several statements in one transaction that may ask for the same lock, and that can be run again. */
function isWorthBoth({ migration: { up } }: Omit<TracerOptions, "isApart">): boolean {
  if (up.kind !== "sql" || !up.transactional || up.script.outline !== undefined) return false;
  return up.script.statements.filter(({ firstWord = "" }) => !WRITES_ROWS.has(firstWord)).length > 1;
}

/** Statements that take no such lock themselves; whether code that they wake has taken one again shows in `mayRepeat`. */
const WRITES_ROWS: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE"]);

/** Whether its transaction had locks before it, which it may have taken once more. */
function mayRepeat({ held, locks }: StatementFacts): boolean {
  return held.some(
    ({ isNew, name, mode }) => !isNew && !locks.some((lock) => lock.name === name && lock.mode === mode),
  );
}

/** Whether the same statements ran, and the same ones failed, for the same reason. */
function haveSameOutcome(together: readonly StatementFacts[], apart: readonly StatementFacts[]): boolean {
  const outcomes = (all: readonly StatementFacts[]): unknown[] =>
    all.map(({ sql, how, error }) => [sql, how.kind, error?.sqlstate]);
  return Bun.deepEquals(outcomes(together), outcomes(apart));
}

/** Statements with the locks that they asked for themselves, where these were seen. */
export function locksOfApart(
  statements: readonly StatementFacts[],
  apart: readonly StatementFacts[],
): StatementFacts[] {
  return statements.map((statement, index) => {
    const other = apart[index];
    const ran = other?.sql === statement.sql && other.how.kind === "measured" && statement.how.kind === "measured";
    // What is new by then may not be there when it is tried apart.
    return ran && mayRepeat(statement) ? { ...statement, locks: other.locks } : statement;
  });
}
