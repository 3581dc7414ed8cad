import { languageOf } from "#migrate/layouts/foreign-program.ts";
import { describeHolder } from "#migrate/lock.ts";
import { type MigrationFile, migrationId } from "#migrate/migration-file.ts";
import { describeProgress, describeWait } from "#migrate/waits.ts";
import type { MigrateEvent } from "#migrate/events.ts";
import type { Edit } from "#migrate/edits.ts";
import type { HistoryEntry } from "#migrate/history.ts";
import type { LedgerRow } from "#migrate/ledger.ts";
import type { MigrationResult, RunReport } from "#migrate/migrator.ts";
import { isAnother } from "#migrate/plan.ts";
import type { CommandContext, Outcome } from "../command.ts";
import { fillProgress, fillToJson } from "./fill.ts";
import { lineDiff } from "./line-diff.ts";
import { forPeople } from "./style.ts";
import { count, formatDuration } from "./text.ts";
import { inLine } from "./visible.ts";
import { formatLocalTime } from "./local-time.ts";

/** Shows a run as it happens: what begins on standard error, what is done on standard output. */
export function showMigrateEvents({ io, messages, live, json }: CommandContext): (event: MigrateEvent) => void {
  // The migration that runs, for its last line.
  let name = "";
  let begun = performance.now();
  return (event) => {
    switch (event.type) {
      case "waiting-for-server":
        messages.log(`${event.error.message}; trying again`);
        break;
      case "settings-lacking":
        messages.warn(`the server does not support ${event.names.join(", ")}: migrations run without`);
        break;
      case "waiting-for-folder": {
        const { pid, stopped } = event.holder;
        const who = pid === undefined ? "another process" : `another process (pid ${pid})`;
        const why = stopped ? `, and is stopped: \`kill -CONT ${pid}\` lets it go on` : "";
        messages.warn(`${who} has the embedded database open${why}; waiting`);
        break;
      }
      case "waiting-for-lock":
        messages.warn(`another runner is at work: ${inLine(describeHolder(event.holder))}; waiting`);
        break;
      case "waiting-for-session":
        messages.warn(`waits for ${inLine(describeWait(event.wait))}`);
        break;
      case "statement-progress":
        live.show(`${name === "" ? "" : `${name}: `}${describeProgress(event.progress)}`, begun);
        break;
      case "started":
        messages.log(
          `${event.direction === "up" ? "Applying migration" : "Rolling back migration"} ${inLine(migrationId(event.migration))}...`,
        );
        [name, begun] = [migrationId(event.migration), performance.now()];
        live.show(`${name} is running`, begun);
        break;
      case "finished":
        live.end();
        if (!json) io.stdout.write(forPeople(finishedLine(event.migration, event.direction, event.duration)));
        break;
      case "retrying":
        messages.warn(
          `${inLine(migrationId(event.migration))}: ${event.error.message}; trying again in ${formatDuration(event.pause)} (${event.attempt} of ${event.of})`,
        );
        break;
      case "ignored":
        for (const { path, why } of event.ignored) messages.warn(`${path} is left out: ${why}`);
        break;
      case "from-ledger":
        messages.warn(
          `the file of ${inLine(migrationId(event.migration))} ${event.isEdited ? "was edited" : "is not here"}: it is rolled back with the text that the ledger keeps`,
        );
        break;
      case "empty":
        messages.warn(
          event.direction === "up"
            ? `${inLine(event.migration.path)} has no statement to run`
            : `${inLine(event.migration.downPath ?? event.migration.path)}: the way back is empty, so what the migration did stays`,
        );
        break;
      case "progress":
        messages.log(`${migrationId(event.migration)}: ${event.statements.toLocaleString("en-US")} statements done`);
        break;
      case "told-progress":
        messages.log(`${inLine(migrationId(event.migration))}: ${toldProgress(event.done, event.total)}`);
        break;
      case "fill-progress":
        messages.log(`${inLine(migrationId(event.migration))}: ${fillProgress(event.progress)}`);
        break;
      case "fill-waiting":
        messages.warn(`${inLine(migrationId(event.migration))} waits: ${inLine(event.reason)}`);
        break;
      case "fill-rows-keep-coming":
        messages.warn(
          `${inLine(migrationId(event.migration))}: the last sweep still found ${count(event.rows, "row")}: something keeps writing rows that are not filled. A trigger that fills them has to come first.`,
        );
        break;
      case "held":
        messages.log(`${inLine(migrationId(event.migration))} waits: ${inLine(event.why)}`);
        break;
      case "left-open":
        messages.warn(
          `${inLine(event.file)}: what ${event.method}() has left open, such as a timer or a connection, was ended with the command`,
        );
        break;
      case "notice":
        if (event.notice.severity === "WARNING") messages.warn(event.notice.message);
        else messages.debug(`${event.notice.severity}: ${event.notice.message}`);
        break;
    }
  };
}

/** "3,000 of 10,000 (30 %)" */
function toldProgress(done: number, total: number | undefined): string {
  const so = done.toLocaleString("en-US");
  if (total === undefined) return `${so} done`;
  const part = total > 0 ? ` (${Math.floor((done / total) * 100)} %)` : "";
  return `${so} of ${total.toLocaleString("en-US")}${part}`;
}

function finishedLine(migration: MigrationFile, direction: "up" | "down", duration: number): string {
  const done = direction === "up" ? "applied" : "rolled back";
  return `✅ Migration ${inLine(migrationId(migration))} ${done} successfully (${formatDuration(duration)})\n`;
}

/** More applied migrations than this in front of the others are shown in short, but for the last of them. */
const SHOWN_WHOLE = 20;
const SHOWN_LAST = 5;

/**
 * One line a migration, as in the tutorial; of many that need no attention only the last. Pure.
 * @param options.edits shown below their lines
 * @param options.held what pending ones wait for, by version
 * @param options.all shows each of them
 */
export function renderStatus(
  history: readonly HistoryEntry[],
  {
    edits = [],
    held = new Map(),
    all = false,
  }: {
    readonly edits?: readonly Edit[];
    readonly held?: ReadonlyMap<string, string>;
    readonly all?: boolean;
  } = {},
): string {
  const open = history.findIndex(({ standing }) => !CLOSED.has(standing));
  const done = open < 0 ? history.length : open;
  const folded = all || done <= SHOWN_WHOLE ? 0 : done - SHOWN_LAST;
  const last = history[folded - 1];
  const short =
    last === undefined ? "" : `✅ ${folded} more applied, up to ${inLine(migrationId(last))} (--all shows them)\n`;
  const lines = history.slice(folded).map((entry) => {
    const edit = edits.find(({ version }) => version === entry.version);
    return `${statusLine(entry, held.get(entry.version))}\n${edit === undefined ? "" : renderEdit(edit)}`;
  });
  return short + lines.join("");
}

/** How a migration stands that nothing is left to do for. */
export const CLOSED: ReadonlySet<HistoryEntry["standing"]> = new Set(["applied", "covered", "squashed"]);

/** What is different in an edited file, line by line. Pure. */
export function renderEdit({ path, before, after, isAltered }: Edit): string {
  if (isAltered === true) {
    return `    ${inLine(path)}: the checksum in the ledger does not fit the text beside it, which ${before === after ? "is that of the file: the checksum was changed" : "may not be what was applied"}\n`;
  }
  if (before === undefined || after === undefined) {
    const why = before === undefined ? "the ledger does not have the text that was applied" : "the file is no text";
    return `    ${inLine(path)}: what was edited cannot be shown: ${why}\n`;
  }
  const lines = lineDiff(before, after).map((line) => `    ${line}\n`);
  return `    ${inLine(path)}, - as it was applied, + as it is now:\n${lines.length === 0 ? "    (only ends of lines)\n" : lines.join("")}`;
}

function statusLine(entry: HistoryEntry, waits?: string): string {
  const id = inLine(migrationId(entry));
  const applied = entry.row === undefined ? "" : `applied ${appliedAt(entry.row)}`;
  switch (entry.standing) {
    case "applied":
      return `✅ ${id} (${applied})`;
    case "pending":
      return `⏳ ${id} (pending${foreign(entry)}${waits === undefined ? "" : `, waits: ${inLine(waits)}`})`;
    case "edited":
      if (isAnother(entry))
        return `⚠️  ${id} (this database has another ${entry.version}: ${inLine(entry.row?.name ?? "")}, ${applied})`;
      return `⚠️  ${id} (${entry.row?.state === "applying" ? "begun, not done" : applied}, edited since)`;
    case "changed":
      return `⏳ ${id} (${applied}, changed since: runs again)`;
    case "covered":
      return `➖ ${id} (covered by the baseline)`;
    case "squashed":
      return `➖ ${id} (${applied}, squashed into the base)`;
    case "lacking":
      return `❌ ${id} (not applied, squashed into the base)`;
    case "missing":
      return `⚠️  ${id} (${applied}, file missing)`;
    case "out-of-order":
      return `⚠️  ${id} (pending, out of order${foreign(entry)})`;
    case "filling":
      return `⏳ ${id} (${filling(entry)})`;
    case "stopped":
      return `❌ ${id} (stopped ${progress(entry)})`;
  }
}

function filling({ progress: come, worker }: HistoryEntry): string {
  const done = come === undefined ? "filling" : `filling: ${fillProgress(come)}`;
  if (worker === undefined) return `${done}; nobody works on it: confiture migrate up goes on`;
  return `${done}; process ${worker.pid} works on it`;
}

function foreign({ file }: HistoryEntry): string {
  return file?.form === "foreign" ? `; ${languageOf(file.path)}, which cannot run here` : "";
}

function appliedAt({ appliedAt: time }: LedgerRow): string {
  if (time === null) return "at an unknown time";
  return typeof time === "string" ? inLine(time) : formatLocalTime(time);
}

function progress({ row, stoppedAt }: HistoryEntry): string {
  const way = row?.state === "reverting" ? " while rolling back" : "";
  const total = row?.statementsTotal ?? undefined;
  return `after statement ${row?.statementsDone ?? 0}${total === undefined ? "" : ` of ${total}`}${way}${stoppedAt === undefined ? "" : `: ${stoppedAt}`}`;
}

export function entryToJson(
  entry: HistoryEntry,
  held: ReadonlyMap<string, string> = new Map(),
): Record<string, unknown> {
  const { row } = entry;
  return {
    version: entry.version,
    name: entry.name,
    state: entry.standing,
    file: entry.file?.path ?? null,
    appliedAt: row?.appliedAt instanceof Date ? row.appliedAt.toISOString() : (row?.appliedAt ?? null),
    appliedBy: row?.appliedBy ?? null,
    executionMs: row?.executionMs ?? null,
    toolVersion: row?.toolVersion ?? null,
    checksum: row?.checksum ?? null,
    statementsDone: row?.statementsDone ?? null,
    statementsTotal: row?.statementsTotal ?? null,
    stoppedAt: entry.stoppedAt ?? null,
    phase: entry.marks?.phase ?? (entry.marks?.backfill === undefined ? null : "backfill"),
    waits: held.get(entry.version) ?? null,
    backfill: entry.progress === undefined ? null : fillToJson(entry.progress, entry.worker),
  };
}

function reportToJson(report: RunReport): Record<string, unknown> {
  return {
    migrations: report.results.map(resultToJson),
    ...(report.held === undefined
      ? {}
      : { held: report.held.map(({ migration: { version, name }, why }) => ({ version, name, why })) }),
  };
}

function resultToJson(result: MigrationResult): Record<string, unknown> {
  return {
    version: result.migration.version,
    name: result.migration.name,
    file: result.migration.path,
    direction: result.direction,
    outcome: result.outcome,
    durationMs: result.duration === undefined ? null : Math.round(result.duration),
  };
}

/** The end of a run: what is left to say after the lines that were shown as it went. */
export function finishRun({ io, messages }: CommandContext, report: RunReport, nothing: string): Outcome {
  if (report.results.length === 0) messages.log(nothing);
  const done = report.results.filter((result) => result.outcome === "done");
  const skipped = report.results.filter((result) => result.outcome === "not-run");
  const failed = report.results.find((result) => result.outcome === "failed");
  for (const { migration, why } of report.held ?? []) {
    messages.log(`${inLine(migrationId(migration))} waits: ${inLine(why)}`);
  }
  const unfinished = report.results.find((result) => result.outcome === "unfinished");
  if (report.error === undefined && unfinished !== undefined && (report.held ?? []).length === 0) {
    messages.log(`${inLine(migrationId(unfinished.migration))} is not done yet: \`confiture migrate up\` goes on`);
  }
  // Whoever looks at a terminal has not counted the lines.
  if (report.error === undefined && done.length > 1 && io.stderr.isTerminal) {
    const duration = done.reduce((sum, result) => sum + (result.duration ?? 0), 0);
    messages.log(`${count(done.length, "migration")} done in ${formatDuration(duration)}`);
  }
  if (failed !== undefined && report.results.length > 1) {
    messages.log(`${count(done.length, "migration")} done, 1 failed, ${skipped.length} not run`);
  }
  return {
    json: reportToJson(report),
    error:
      failed === undefined || report.error?.server === undefined || report.error.code === "connection_lost"
        ? report.error
        : report.error.with({ message: `Migration ${migrationId(failed.migration)} failed: ${report.error.message}` }),
  };
}
