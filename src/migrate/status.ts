import { existsSync } from "node:fs";
import type { Database } from "#database/database.ts";
import { describeEngine, type ServerEngine } from "#database/engine.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { placeIn } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { isEmptyDatabase } from "./base.ts";
import { type Discovery, discoverMigrations, requireMigrations } from "./files/discover.ts";
import { type Edit, readEdits } from "./files/edits.ts";
import type { MigrateOptions } from "./exclusive.ts";
import { type HistoryEntry, joinHistory } from "./history.ts";
import { findLedger } from "./ledger/find.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { readLedger } from "./ledger/read.ts";
import { readProgress } from "./fill/progress.ts";
import { fillLockKey, findHolder } from "./run/lock.ts";
import { type InvalidIndex, invalidIndexes } from "./run/invalid-indexes.ts";
import { factsOf } from "./files/file-facts.ts";
import { checksumOfFile, loadMigration } from "./files/load.ts";
import { marksOf, mentions } from "./files/marks-of.ts";
import type { Ignored } from "./layouts/layout.ts";
import { ReadAhead } from "./files/read-ahead.ts";
import type { LayoutName } from "./layouts/names.ts";
import { isBase } from "./files/version.ts";
import { transactionControl } from "#sql/classify.ts";
import { isUncertain, unitsOf } from "./run/steps.ts";
import { findUnreadHistory, type UnreadHistory } from "./import/unread-history.ts";

export interface Status {
  readonly history: readonly HistoryEntry[];
  /** How the folder of migrations was read. */
  readonly layout: LayoutName;
  /** What looks like a migration in the folder and is none. */
  readonly ignored: readonly Ignored[];
  readonly ledger: Ledger;
  /** Left by statements that did not finish; looked for only when a migration stopped. */
  readonly invalidIndexes: readonly InvalidIndex[];
  /** Another tool's history that says that one of these is applied, where there is no ledger yet. */
  readonly unread: UnreadHistory | undefined;
  /** What the database runs on; only when asked for, and undefined when no session was needed. */
  readonly engine: ServerEngine | undefined;
  /** Both texts of edited migrations, where they were asked for. */
  readonly edits: readonly Edit[];
}

/**
 * Lays files and ledger side by side. Reads only: takes no lock and creates nothing.
 * @param asks whether the server is asked what it is, and the ledger for the texts of edited migrations; and whether the folder of
 * migrations may be missing
 */
export async function status(
  options: MigrateOptions,
  asks: { readonly engine: boolean; readonly edits?: boolean; readonly needsNoFolder?: boolean } = { engine: false },
): Promise<Status> {
  const read = async ({ database, ledger, history, found }: Read): Promise<Status> => {
    const { ignored, layout, migrations } = found;
    const engine = asks.engine && database !== undefined ? await describeEngine(database) : undefined;
    const stopped = history.some((entry) => entry.standing === "stopped");
    const invalid = stopped && database !== undefined ? await invalidIndexes(database) : [];
    const isUnread = !ledger.exists && database !== undefined;
    const unread = isUnread ? await findUnreadHistory(database, migrations, options.projectDir, ledger) : undefined;
    const isEdited = asks.edits === true && database !== undefined;
    const edits = isEdited ? await readEdits(database, ledger, history, options.projectDir) : [];
    const told = database === undefined ? history : await withProgress(database, ledger, history);
    return { history: told, layout, ignored, ledger, invalidIndexes: invalid, unread, engine, edits };
  };
  return await withHistory(options, read, asks.needsNoFolder);
}

/** Adds to backfills how far they have come, and who works on them. */
async function withProgress(
  database: Database,
  ledger: Ledger,
  history: readonly HistoryEntry[],
): Promise<HistoryEntry[]> {
  if (!history.some(({ standing }) => standing === "filling")) return [...history];
  const all = await readProgress(database, ledger);
  const entries: HistoryEntry[] = [];
  for (const entry of history) {
    const progress = all.find(({ version }) => version === entry.row?.version);
    if (entry.standing !== "filling" || progress === undefined) entries.push(entry);
    else {
      const worker = await findHolder(database, fillLockKey(ledger, entry.version));
      entries.push({ ...entry, progress, worker });
    }
  }
  return entries;
}

/** Files and ledger side by side, for whoever only reads. */
export interface Read {
  /** Undefined where there is none yet. */
  readonly database: Database | undefined;
  readonly ledger: Ledger;
  readonly history: readonly HistoryEntry[];
  readonly found: Discovery;
}

/** Lays files and ledger side by side for `work`, which only reads. Takes no lock and creates nothing. */
export async function withHistory<T>(
  options: MigrateOptions,
  work: (read: Read) => Promise<T>,
  needsNoFolder = false,
): Promise<T> {
  const found = needsNoFolder
    ? discoverMigrations(options.projectDir, options.dir, options.layout)
    : requireMigrations(options);
  if (isUnmade(options.target)) {
    // Opening the embedded engine's folder would make it.
    const history = joinHistory(found.migrations, [], factsOf(options.projectDir), found.base);
    const ledger = { schema: "public", table: options.table, exists: false };
    return await work({ database: undefined, ledger, history, found });
  }
  using ahead = new ReadAhead(options.projectDir, found);
  return await withDatabase(
    options.target,
    {
      ...options.connect,
      leavesAtOnce: true,
      lockWait: options.lockWait,
      signal: options.signal,
      onHeld: (holder) => options.onEvent?.({ type: "waiting-for-folder", holder }),
    },
    async (database) => {
      const ledger = await findLedger(database, options.table);
      const history = await readHistory(database, ledger, options, ahead);
      return await work({ database, ledger, history, found });
    },
  );
}

/** An embedded database that nothing has been built in yet. */
export function isUnmade(target: Target): boolean {
  return target.engine === "embedded" && target.path !== undefined && !existsSync(target.path);
}

/**
 * Lays files and ledger side by side over a session that is open.
 * @param ahead what was read before
 */
export async function readHistory(
  database: Database,
  ledger: Ledger,
  options: MigrateOptions,
  ahead?: ReadAhead,
): Promise<HistoryEntry[]> {
  const rows = await readLedger(database, ledger);
  const { base, migrations } = ahead?.found ?? discoverMigrations(options.projectDir, options.dir, options.layout);
  const begins = base !== undefined && rows.length === 0 && (await isEmptyDatabase(database, ledger));
  const hasBegun = rows.some(({ version }) => isBase(version));
  const beginning = begins || hasBegun ? base : undefined;
  const facts = ahead?.facts() ?? factsOf(options.projectDir);
  const joined = joinHistory(migrations, rows, facts, beginning, base?.squashed);
  const history = joined.map((entry) => withMarks(entry, options));
  if (!history.some((entry) => entry.standing === "stopped")) return history;
  return await Promise.all(history.map((entry) => withStatement(entry, options)));
}

const OPEN: ReadonlySet<string> = new Set(["pending", "out-of-order", "stopped"]);

/** Adds what the file says of its part in a change, where it is still to be run. */
function withMarks(entry: HistoryEntry, { projectDir }: MigrateOptions): HistoryEntry {
  const { file, row, standing } = entry;
  if (file === undefined || !OPEN.has(standing)) return entry;
  const marks = marksOf(projectDir, file);
  const read = { ...entry, marks, mentions: (word: string) => mentions(projectDir, file, word) };
  if (standing === "stopped") {
    if (marks?.backfill === undefined || row?.state !== "applying") return entry;
    const isSame = row.checksum === null || row.checksum === checksumOfFile(projectDir, file);
    return { ...read, standing: isSame ? "filling" : "edited" };
  }
  // They say themselves what they come behind, and later ones may overtake them.
  const isOfChange = marks?.change !== undefined && marks.phase !== "expand";
  const waits =
    isOfChange || marks?.phase === "contract" || marks?.backfill !== undefined || (marks?.after.length ?? 0) > 0;
  return standing === "out-of-order" && waits ? { ...read, standing: "pending" } : read;
}

async function withStatement(entry: HistoryEntry, options: MigrateOptions): Promise<HistoryEntry> {
  const { file, row } = entry;
  if (entry.standing !== "stopped" || row === undefined) return entry;
  if (file === undefined) return { ...entry, isOver: true };
  if (file.form === "typescript") return entry;
  try {
    const migration = await loadMigration(options.projectDir, file);
    const body = row.state === "applying" ? migration.up : migration.down;
    if (body?.kind !== "sql") return entry;
    if (body.transactional) return { ...entry, isOver: true };
    const unit = unitsOf(body.script)[row.statementsDone ?? 0];
    // Of a block with its own BEGIN, what it does first tells more.
    const next = unit?.find((statement) => transactionControl(statement) === undefined) ?? unit?.[0];
    if (unit === undefined || next === undefined) return entry;
    const place = placeIn(body.script, next.start);
    return { ...entry, stoppedAt: { firstLine: next.text.split("\n", 1)[0]!, place }, uncertain: isUncertain(unit) };
  } catch (error) {
    // The file may be broken by now; how the migration stands is known without it.
    if (error instanceof ConfitureError) return entry;
    throw error;
  }
}
