import { isThereAlready } from "#database/advice.ts";
import { ConfitureError } from "#errors/error.ts";
import { hintForThere, resolveInvalid, resolveStopped } from "./failure.ts";
import { hintForInvalidIndex } from "./invalid-in-way.ts";
import { invalidIndexes } from "./invalid-indexes.ts";
import { changeLedger } from "../ledger/change.ts";
import { deleteSql, updateSql } from "../ledger/statements.ts";
import { type OutsideRun, count } from "./outside-run.ts";

/**
 * A statement failed. If it was the first and left nothing behind, the migration is as if it had not been
 * tried; otherwise the row stays and says how far it came.
 */
export async function afterFailure(run: OutsideRun, error: unknown): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.code === "connection_lost") return error;
  try {
    const told = await tellHowFar(run, error);
    return run.options.isTrial === true ? error.with({ data: { ...error.data, ...told.data } }) : told;
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
    // Why it failed must not be hidden by what cannot be written down about it.
    return withHints(error, [
      `${progressOf(run)}; what it did before stays. The ledger could not be changed to say so: ${cause.message}`,
      cause.hint,
    ]);
  }
}

async function tellHowFar(run: OutsideRun, error: ConfitureError): Promise<ConfitureError> {
  const { database, migration, direction, options, total } = run;
  const { ledger } = options;
  const { version } = migration.file;
  const left = (await invalidIndexes(database)).filter(({ name }) => !run.invalidBefore.includes(name));
  if (run.done === 0 && left.length === 0 && !run.isResumed) {
    await changeLedger(
      database,
      ledger,
      direction === "up"
        ? deleteSql(ledger, version)
        : updateSql(ledger, version, { state: "applied", statementsDone: null, statementsTotal: null }),
    );
    if (error.code === "interrupted") return withHints(error, ["It had done nothing yet."]);
    return direction === "up" ? await helpedWhereThere(run, error) : error;
  }
  if (run.counted !== run.done) await count(run);
  return withHints(
    direction === "up" ? await helpedWhereThere(run, error) : error,
    [
      `${progressOf(run)}; what it did before stays.`,
      left.length === 0 ? resolveStopped(version) : resolveInvalid(version, left, namesCause(error)),
    ],
    { statementsDone: run.done, statementsTotal: total, invalidIndexes: left },
  );
}

/** deadlock_detected, lock_not_available, query_canceled, admin_shutdown: the same statement may work the next time. */
const MAY_WORK_AGAIN: ReadonlySet<string> = new Set(["40P01", "55P03", "57014", "57P01"]);

/** Whether an error is about something that has to be put right, as duplicate rows under a unique index. */
function namesCause({ code, server }: ConfitureError): boolean {
  return code !== "interrupted" && server !== undefined && !MAY_WORK_AGAIN.has(server.sqlstate);
}

/** With what to do about what a statement makes and is there already. */
async function helpedWhereThere({ database, migration, done }: OutsideRun, error: ConfitureError) {
  if (!isThereAlready(error)) return error;
  const hint = (await hintForInvalidIndex(database, error, migration)) ?? hintForThere(migration, done > 0);
  return error.with({ hint });
}

function progressOf({ done, total }: OutsideRun): string {
  return `The migration stopped after statement ${done}${total === undefined ? "" : ` of ${total}`}`;
}

function withHints(
  error: ConfitureError,
  lines: readonly (string | undefined)[],
  data: Readonly<Record<string, unknown>> = {},
): ConfitureError {
  return error.with({
    hint: [error.hint, ...lines].filter((line) => line !== undefined).join("\n"),
    data: { ...error.data, ...data },
  });
}
