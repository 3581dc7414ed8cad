import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { type MigrationFile, migrationId } from "./files/migration-file.ts";
import { heldBack, type HoldOptions, requireContracts, WAITING } from "./phases/held.ts";
import type { HistoryEntry } from "./history.ts";
import type { LedgerRow } from "./ledger/ledger.ts";
import { type Applied, isAnother, numberTaken, renamedBack } from "./renamed.ts";
import { BASE_VERSION, canonicalVersion, compareVersions, isBase, isRepeatable } from "./files/version.ts";

export interface PlanUpOptions extends HoldOptions {
  /** Apply up to and including this version. */
  readonly to?: string | undefined;
  /** Apply at most this many. */
  readonly steps?: number | undefined;
  readonly allowOutOfOrder?: boolean | undefined;
  readonly allowMissing?: boolean | undefined;
  /** Which command asks, for what its errors name; `up` unless given. */
  readonly command?: "up" | "plan" | undefined;
}

export interface PlanDownOptions {
  /** Roll back everything above this version, which stays applied; "0" rolls back all. */
  readonly to?: string | undefined;
  /** Roll back this many; one when neither is given. */
  readonly steps?: number | undefined;
  /** Roll edited migrations back as well, with the text that the ledger keeps of them. */
  readonly recorded?: boolean | undefined;
}

/** A migration that is applied. */
export interface AppliedMigration {
  /** Undefined where it is gone, or not what ran. */
  readonly file: MigrationFile | undefined;
  readonly row: LedgerRow;
}

/**
 * What `up` has to run, in order. Pure.
 * @throws ConfitureError `history_*` when the history has to be put right first; `migration_unknown`
 */
export function planUp(history: readonly HistoryEntry[], options: PlanUpOptions): MigrationFile[] {
  for (const entry of history) {
    if (entry.standing === "stopped") throw stopped(entry);
    if (entry.standing === "lacking") throw lacking(history);
    if (entry.standing === "edited") throw edited(entry, history);
    if (entry.standing === "missing" && options.allowMissing !== true) throw missing(entry, history, options.command);
    if (entry.standing === "out-of-order" && options.allowOutOfOrder !== true) throw outOfOrder(entry, history);
  }
  const to = options.to === undefined ? undefined : requireKnown(history, options.to).version;
  requireContracts(history, options.contracts ?? []);
  const held = heldBack(history, options);
  const waiting = history.filter(
    ({ standing, version }) => WAITING.has(standing) && !held.has(canonicalVersion(version)),
  );
  const wanted = waiting.flatMap(({ version, file, row }) =>
    file !== undefined && (to === undefined || compareVersions(version, to) <= 0)
      ? [row === undefined ? file : withRow(file, row)]
      : [],
  );
  return options.steps === undefined ? wanted : wanted.slice(0, options.steps);
}

/** What goes on does so under the version of its row; what runs again has a number instead since it was imported. */
function withRow(file: MigrationFile, { version, name }: LedgerRow): MigrationFile {
  return isRepeatable(version) && !isRepeatable(file.version)
    ? { ...file, replaces: version }
    : { ...file, version, name };
}

/**
 * What `down` has to roll back, newest first; of some of them only the ledger may have the text. Pure.
 * @throws ConfitureError `history_*` when one of them is not as it was applied; `migration_unknown`
 */
export function planDown(history: readonly HistoryEntry[], options: PlanDownOptions): AppliedMigration[] {
  for (const entry of history) if (entry.standing === "stopped") throw stopped(entry);
  // What runs again whenever it changes has no way back, and the base is what everything goes back to.
  const applied = goesBack(history).toReversed();
  const { to: bottom } = options;
  const to = bottom === undefined || canonicalVersion(bottom) === "0" ? bottom : requireKnown(history, bottom).version;
  const wanted =
    to === undefined
      ? applied.slice(0, options.steps ?? 1)
      : applied.filter((entry) => compareVersions(entry.version, to) > 0).slice(0, options.steps ?? applied.length);
  return wanted.map((entry) => {
    const { file, row } = entry;
    if (entry.standing === "squashed") throw squashed(entry);
    if (row === undefined) throw missing(entry);
    if (entry.standing === "edited") {
      if (options.recorded !== true) throw edited(entry, history);
      return { file: undefined, row };
    }
    return { file, row };
  });
}

/** What is applied and can be rolled back by its place in the order, oldest first. */
function goesBack(history: readonly HistoryEntry[]): readonly HistoryEntry[] {
  return history.filter(({ row, version }) => row !== undefined && !isRepeatable(row.version) && !isBase(version));
}

/**
 * The migration a user names by its version, or by version and name.
 * @throws ConfitureError `migration_unknown`
 */
export function requireKnown<Entry extends { readonly version: string; readonly name: string }>(
  history: readonly Entry[],
  version: string,
): Entry {
  const wanted = canonicalVersion(version);
  const entry =
    history.find((candidate) => canonicalVersion(candidate.version) === wanted) ??
    history.find((candidate) => migrationId(candidate) === version);
  if (entry !== undefined) return entry;
  const known = history.map((candidate) => candidate.version);
  throw new ConfitureError("migration_unknown", `There is no migration ${version}`, {
    hint:
      known.length === 0
        ? "There are none yet: `confiture migrate new NAME` makes one."
        : `Known versions: ${known.length > 8 ? `${known.slice(0, 3).join(", ")} ... ${known.slice(-3).join(", ")}` : known.join(", ")}`,
  });
}

function stopped(entry: HistoryEntry): ConfitureError {
  const { version, row } = entry;
  const way = row?.state === "reverting" ? "rolling back" : "applying";
  const progress =
    row?.statementsTotal === null || row === undefined
      ? `after statement ${row?.statementsDone ?? 0}`
      : `after statement ${row.statementsDone ?? 0} of ${row.statementsTotal}`;
  const place = entry.stoppedAt?.place;
  const at = place === undefined ? "" : `, at ${place.file}:${place.line}`;
  return new ConfitureError(
    "history_stopped",
    `Migration ${migrationId(entry)} stopped ${progress} while ${way}${at}`,
    {
      hint: [
        ...(entry.uncertain === true
          ? [
              "That statement may be done, or have left an invalid index (`confiture migrate status` shows them): look first.",
            ]
          : []),
        "Look at what is there, put it right, then record it:",
        ...(entry.isOver === true
          ? []
          : [
              `  confiture migrate resolve ${shellWord(version)} --continue          run it from that statement on`,
              `  confiture migrate resolve ${shellWord(version)} --continue --skip   that statement is there: run the rest`,
            ]),
        `  confiture migrate resolve ${shellWord(version)} --applied           all of it is there`,
        `  confiture migrate resolve ${shellWord(version)} --rolled-back       none of it is there`,
      ].join("\n"),
      location: place ?? (entry.file === undefined ? undefined : { file: entry.file.path }),
      data: { version, statementsDone: row?.statementsDone, statementsTotal: row?.statementsTotal },
    },
  );
}

/** For a migration whose file is not as it was applied. */
function edited(entry: HistoryEntry, history: readonly HistoryEntry[]): ConfitureError {
  if (isAnother(entry) || entry.renamed?.() !== undefined) return numberTaken(entry, history);
  if (entry.row?.state === "applying") return editedOnTheWay(entry);
  const applied = goesBack(history);
  const place = applied.indexOf(entry);
  const behind = place < 0 ? 0 : applied.length - place - 1;
  const [steps, others] = behind === 0 ? ["", ""] : [` --steps ${behind + 1}`, `, and the ${behind} behind it`];
  return new ConfitureError("history_edited", `Migration ${migrationId(entry)} was edited after it was applied`, {
    hint: [
      `Put the file back as it was and write a new migration for the change. If the edit changes nothing (a comment): confiture migrate accept ${shellWord(entry.version)}`,
      `To run it anew as it is now, where nobody else has it yet: \`confiture migrate down --recorded${steps}\` rolls back what ran, with the text that the ledger keeps${others}; then \`confiture migrate up\``,
    ].join("\n"),
    location: entry.file === undefined ? undefined : { file: entry.file.path },
    data: { version: entry.version },
  });
}

/** For a backfill of which a part is done by a text that its file has no more. */
export function editedOnTheWay({ version, name, file }: HistoryEntry): ConfitureError {
  return new ConfitureError(
    "history_edited",
    `Backfill ${migrationId({ version, name })} was edited after it had begun: a part of its rows is done by the old text`,
    {
      hint: `To go on with the old text, put the file back as it was. To begin again with the new one: confiture migrate resolve ${shellWord(version)} --rolled-back`,
      location: file === undefined ? undefined : { file: file.path },
      data: { version },
    },
  );
}

/** For a database that did not get as far as the base does, and cannot be brought there any more. */
export function lacking(history: readonly HistoryEntry[]): ConfitureError {
  const all = history.filter(({ standing }) => standing === "lacking");
  const names = all.map(migrationId).join(", ");
  const last = all.at(-1)?.version ?? "";
  return new ConfitureError(
    "history_squashed",
    `In this database ${names} ${all.length === 1 ? "is" : "are"} not recorded, and ${all.length === 1 ? "was" : "were"} squashed into ${BASE_VERSION}`,
    {
      hint: [
        "If the database has all of that, to record it by proof: confiture migrate baseline --proven",
        `If it has none of that: run \`confiture migrate up\` with the files from before the squash (the commit before ${BASE_VERSION} changed), then with these.`,
        `Without proof, once you have seen to what it lacks: confiture migrate baseline --through ${shellWord(last)}`,
      ].join("\n"),
      data: { lacking: all.map(({ version }) => version) },
    },
  );
}

function squashed(entry: HistoryEntry): ConfitureError {
  return new ConfitureError(
    "history_squashed",
    `Migration ${migrationId(entry)} was squashed into ${BASE_VERSION}, and cannot be rolled back by itself`,
    {
      hint: `Nothing was changed. Write a new migration that undoes the change. Where the ledger keeps its text, this prints its way back: confiture migrate show ${shellWord(entry.version)} --down`,
      data: { version: entry.version },
    },
  );
}

/**
 * For a migration that cannot do without its file.
 * @param history tells whether the file is here under another version
 */
export function missing(
  entry: Applied,
  history: readonly HistoryEntry[] = [],
  command: PlanUpOptions["command"] = "up",
): ConfitureError {
  const file = entry.renamed?.();
  const again = command === "up" ? "confiture migrate up --allow-missing" : "confiture migrate plan --allow-missing";
  return new ConfitureError("history_missing", `Migration ${migrationId(entry)} is applied, but its file is not here`, {
    hint:
      file === undefined
        ? `Bring the file back (another branch?). To go on without it: ${again}\nIf the database does not hold its changes, take it off the record: confiture migrate resolve ${shellWord(entry.version)} --rolled-back`
        : renamedBack(entry, file, history).join("\n"),
    ...(file !== undefined && { location: { file: file.path } }),
    data: { version: entry.version },
  });
}

function outOfOrder(entry: HistoryEntry, history: readonly HistoryEntry[]): ConfitureError {
  const newest = history.findLast((candidate) => candidate.row !== undefined);
  return new ConfitureError(
    "history_out_of_order",
    `Migration ${migrationId(entry)} is not applied, though ${newest === undefined ? "a later one" : migrationId(newest)} is`,
    {
      hint:
        newest === undefined || /^\d/.test(newest.version)
          ? `Give it a version after ${newest?.version ?? "the last one"}, or run it all the same with --allow-out-of-order. Its way back was written for what came before it then: confiture verify tells whether it still leads back.`
          : `No version comes after ${JSON.stringify(newest.version)}, which begins with no number. If that row of the ledger is a mistake, forget it: confiture migrate resolve ${shellWord(newest.version)} --rolled-back. Or run this one all the same with --allow-out-of-order.`,
      location: entry.file === undefined ? undefined : { file: entry.file.path },
      data: { version: entry.version, after: newest?.version },
    },
  );
}
