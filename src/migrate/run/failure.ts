import { isThereAlready } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { withAllMissing } from "#database/missing-roles.ts";
import { interruptedBy } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { Statement } from "#sql/statement.ts";
import { migrationId } from "../files/migration-file.ts";
import type { Direction } from "../events.ts";
import { hintForInvalidIndex } from "./invalid-in-way.ts";
import type { InvalidIndex } from "./invalid-indexes.ts";
import { exclusively, type MigrateOptions } from "../exclusive.ts";
import { readLedger } from "../ledger/read.ts";
import type { LoadedMigration } from "../files/body.ts";
import { bodyOf } from "../files/body.ts";
import { discoverMigrations } from "../files/discover.ts";
import { loadMigration } from "../files/load.ts";
import { compareVersions } from "../files/version.ts";
import { explainViewColumns } from "./view-columns.ts";
import { hintForRows } from "./violation.ts";

export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted; nothing was left half done");
}

/**
 * A failure of one migration, with what it left behind said truthfully.
 * @param all that the command was to run
 */
export async function explainFailure(
  failure: unknown,
  migration: LoadedMigration,
  direction: Direction,
  options: MigrateOptions,
  database: Database,
  all: readonly LoadedMigration[] = [migration],
): Promise<ConfitureError> {
  if (!(failure instanceof ConfitureError)) throw failure;
  const cause = await withAllMissing(failure, database, () => all.flatMap((each) => statementsOf(each, direction)));
  const isGuests = cause.code === "interrupted" && cause.data?.["guest"] === true;
  if (isGuests || interruptedBy(options.signal, cause)) {
    const { transactional } = bodyOf(migration, direction);
    return cause.with({
      code: "interrupted",
      message: `Interrupted during migration ${migrationId(migration.file)}${transactional ? ", which was rolled back" : ""}`,
    });
  }
  if (cause.code === "interrupted" && cause.data?.["abandoned"] === true) {
    return cause.with({
      message: `Interrupted during migration ${migrationId(migration.file)}; the server did not answer, so the connection was closed`,
    });
  }
  if (isThereAlready(cause) && direction === "up" && bodyOf(migration, direction).transactional) {
    return cause.with({ hint: (await hintForInvalidIndex(database, cause, migration)) ?? hintForThere(migration) });
  }
  const body = direction === "up" ? migration.up : migration.down;
  // What failed is told whether or not this can be seen.
  const violation = await hintForRows(database, cause, body).catch((error: unknown) => {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  });
  if (violation !== undefined) {
    return cause.with({ hint: cause.hint === undefined ? violation : `${violation}\n${cause.hint}` });
  }
  if (cause.code !== "connection_lost") {
    const isToCome = new Set(all.slice(all.indexOf(migration)).map(({ file }) => file.version));
    return await explainViewColumns(cause, body, filesBefore(options, isToCome));
  }
  return await tellTruth(cause, migration, direction, options);
}

/** The migrations of the project, the last one first. */
function* filesBefore(
  { projectDir, dir, layout }: MigrateOptions,
  isToCome: ReadonlySet<string>,
): Generator<Promise<LoadedMigration>> {
  const { base, migrations } = discoverMigrations(projectDir, dir, layout);
  for (const file of [...migrations.toReversed(), ...(base === undefined ? [] : [base])])
    if (!isToCome.has(file.version)) yield loadMigration(projectDir, file);
}

function statementsOf(migration: LoadedMigration, direction: Direction): readonly Statement[] {
  const body = direction === "up" ? migration.up : migration.down;
  return body?.kind === "sql" ? body.script.statements : [];
}

/** What to do where a database has some of what a migration makes, and not the rest. */
export const WAY_FOR_SOME =
  "If the database has only some of it, look first whether that is the same: it is, if `confiture drift --against migrations` does not name it. Then write IF NOT EXISTS or OR REPLACE where the migration makes it, and `confiture migrate up` brings the rest. IF NOT EXISTS passes over what is there, whatever it looks like.";

/** What it makes has been made by something else: the schema files, or a person. */
export function hintForThere({ file }: LoadedMigration, hasBegun = false): string {
  if (hasBegun) {
    return "It is there already. If it is what this statement makes, the statement can be left out: --continue --skip, below. If not, rename one of the two.";
  }
  return `It is there already. If the database has everything that this migration makes, record it: confiture migrate resolve ${shellWord(file.version)} --applied\nOr record all that the database holds, by proof: confiture migrate baseline --proven (\`confiture build\` tries to prove it for 20 seconds, this as long as it takes)\n${WAY_FOR_SOME}`;
}

/** What to do about a migration that stopped half way outside a transaction. */
export function resolveStopped(version: string): string {
  return `Put things right, then: confiture migrate resolve ${shellWord(version)} --continue | --applied | --rolled-back`;
}

/**
 * `resolveStopped` where an index is in the way of going on, as numbered steps.
 * @param hasCause the error names something that would stop it once more
 */
export function resolveInvalid(version: string, left: readonly InvalidIndex[], hasCause: boolean): string {
  const resolve = `confiture migrate resolve ${shellWord(version)}`;
  const steps = [
    ...(hasCause ? ["Put right what the error names."] : []),
    ...left.map(({ drop }) => `${drop};`),
    `${resolve} --continue`,
  ];
  const numbered = steps.map((step, index) => `\n  ${index + 1}. ${step}`).join("");
  return `It left an invalid index behind. To go on:${numbered}\nIf you finish it or undo it by hand instead: ${resolve} --applied | --rolled-back`;
}

/** Whether all of the migration is done although its run failed: the answer to its COMMIT was lost. */
export function wasKept(error: ConfitureError): boolean {
  return error.data?.["kept"] === true;
}

/**
 * The connection was lost, perhaps with a COMMIT on its way: only the ledger knows whether it arrived. The old
 * session holds the lock for as long as it works, so whoever gets the lock sees its final state.
 */
async function tellTruth(
  lost: ConfitureError,
  migration: LoadedMigration,
  direction: Direction,
  options: MigrateOptions,
): Promise<ConfitureError> {
  const id = migrationId(migration.file);
  const because = lost.server === undefined ? "" : `: ${lost.server.message}`;
  const message = `The connection to the database was lost during migration ${id}${because}`;
  try {
    const recorded = await exclusively({ ...options, signal: undefined }, async (database, ledger) => {
      const rows = await readLedger(database, ledger);
      return rows.find((row) => compareVersions(row.version, migration.file.version) === 0);
    });
    // Whether the ledger says what this run was about to make it say.
    const kept = direction === "up" ? recorded?.state === "applied" : recorded === undefined;
    const truth =
      recorded === undefined
        ? direction === "up"
          ? `Migration ${id} is not applied: it was rolled back`
          : `Migration ${id} is rolled back: that much was committed`
        : recorded.state !== "applied"
          ? `Migration ${id} stopped after statement ${recorded.statementsDone ?? 0}`
          : direction === "up"
            ? `Migration ${id} is applied: it was committed`
            : `Migration ${id} is still applied: rolling it back was undone`;
    const isStopped = recorded !== undefined && recorded.state !== "applied";
    const next = isStopped ? resolveStopped(recorded.version) : "Run the command again to go on.";
    return lost.with({
      message,
      hint: `The ledger was read again over a new connection. ${truth}. ${next}`,
      data: { ...lost.data, recorded: recorded?.state ?? null, kept },
    });
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
    return lost.with({
      message,
      hint: `Whether migration ${id} was committed is not known: ${cause.message}. \`confiture migrate status\` tells when the server is back.`,
    });
  }
}
