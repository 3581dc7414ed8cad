import { shellWord } from "#errors/shell.ts";
import { describeHolder } from "#migrate/run/lock.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { describeProgress, describeWait } from "#migrate/run/waits.ts";
import type { MigrateEvent } from "#migrate/events.ts";
import type { MigrationResult, RunReport } from "#migrate/run/report.ts";
import type { Notice } from "#database/database.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { Messages } from "./messages.ts";
import { fillProgress } from "./fill.ts";
import { forPeople, type Paint } from "./style.ts";
import { count, formatDuration } from "./text.ts";
import { inLine } from "./visible.ts";
import { fit } from "./wrap.ts";
import { sayRetry } from "../database-options.ts";

/** Shows a run as it happens: what begins on standard error, what is done on standard output. */
export function showMigrateEvents(context: CommandContext): (event: MigrateEvent) => void {
  const { io, messages, live, json, paint } = context;
  const waits = sayRetry(context);
  // The migration that runs, for its last line.
  let name = "";
  let begun = performance.now();
  let widest = 0;
  return (event) => {
    switch (event.type) {
      case "planned":
        widest = Math.max(...event.migrations.map((file) => Bun.stringWidth(inLine(migrationId(file)))));
        break;
      case "waiting-for-server":
        waits(event.error);
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
        if (!json) io.stdout.write(fit(io.stdout, forPeople(finishedLine(event, paint, widest, io.stdout.columns))));
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
      case "other-way-back":
        messages.warn(
          `${inLine(event.migration.downPath ?? event.migration.path)} was edited after it was applied: ${inLine(migrationId(event.migration))} is rolled back by what it says now (confiture migrate show ${shellWord(event.migration.version)} prints what it was)`,
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
      case "recreates": {
        const { file, line = 1 } = event.location;
        messages.warn(`${inLine(file)}:${line} ${inLine(event.what)}`);
        break;
      }
      case "planned-elsewhere":
        messages.warn(inLine(event.message));
        break;
      case "fill-rows-left":
        messages.warn(
          `${inLine(migrationId(event.migration))}: its WHERE still finds rows. Either they came just now, or the table has a trigger, rule or policy that keeps them as they are, or the condition depends on other rows. Look at them before anything relies on this backfill.`,
        );
        break;
      case "left-open":
        messages.warn(
          `${inLine(event.file)}: what ${event.method}() has left open, such as a timer or a connection, was ended with the command`,
        );
        break;
      case "notice":
        showNotice(messages, name, event.notice);
        break;
    }
  };
}

/**
 * Tells as a warning what CASCADE takes besides what its statement names.
 * @param migration the one that runs; "" while none does, as when `build --fresh` empties a database
 */
function showNotice(messages: Messages, migration: string, { severity, message, detail, routine }: Notice): void {
  if (routine === CASCADED && migration !== "") {
    const objects = detail === undefined ? "" : `:\n  ${detail.replaceAll("\n", "\n  ")}`;
    messages.warn(`${migration}: ${message}${objects}`);
  } else if (severity === "WARNING") messages.warn(message);
  else messages.debug(`${severity}: ${message}`);
}

/** In PostgreSQL's dependency.c. */
const CASCADED = "reportDependentObjects";

/** "3,000 of 10,000 (30 %)" */
function toldProgress(done: number, total: number | undefined): string {
  const so = done.toLocaleString("en-US");
  if (total === undefined) return `${so} done`;
  const part = total > 0 ? ` (${Math.floor((done / total) * 100)} %)` : "";
  return `${so} of ${total.toLocaleString("en-US")}${part}`;
}

type Finished = Extract<MigrateEvent, { type: "finished" }>;

/**
 * @param widest the width of the longest name of the run
 * @param columns of a terminal: what is said of migrations stands below each other, where that fits
 */
function finishedLine(
  { migration, direction, duration }: Finished,
  paint: Paint,
  widest: number,
  columns: number | undefined,
): string {
  const name = inLine(migrationId(migration));
  const said = `${direction === "up" ? "applied" : "rolled back"} successfully`;
  const time = `(${formatDuration(duration)})`;
  const fits = columns !== undefined && Bun.stringWidth(`✅ Migration  ${said} ${time}`) + widest <= columns;
  const gap = fits ? " ".repeat(Math.max(0, widest - Bun.stringWidth(name))) : "";
  return `✅ Migration ${paint("bold", name)}${gap} ${said} ${paint("dim", time)}\n`;
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
  if (report.results.length === 0 && report.error === undefined && (report.held ?? []).length === 0)
    messages.log(nothing);
  const done = report.results.filter((result) => result.outcome === "done");
  const skipped = report.results.filter((result) => result.outcome === "not-run");
  const failed = report.results.find((result) => result.outcome === "failed");
  for (const { migration, why } of report.held ?? []) {
    // The error says it.
    if (report.error?.code === "contract_refused" && report.error.data?.["version"] === migration.version) continue;
    messages.log(`${inLine(migrationId(migration))} waits: ${inLine(why)}`);
  }
  const unfinished = report.results.find((result) => result.outcome === "unfinished");
  if (report.error === undefined && unfinished === undefined && skipped.length > 0) {
    messages.log(
      `The time is over: ${count(skipped.length, "migration")} not begun. \`confiture migrate up\` goes on with ${inLine(migrationId(skipped[0]!.migration))}`,
    );
  }
  if (report.error === undefined && unfinished !== undefined && (report.held ?? []).length === 0) {
    messages.log(`${inLine(migrationId(unfinished.migration))} is not done yet: \`confiture migrate up\` goes on`);
  }
  // Whoever looks at a terminal has not counted the lines.
  if (report.error === undefined && done.length > 1 && io.stderr.isTerminal) {
    const duration = done.reduce((sum, result) => sum + (result.duration ?? 0), 0);
    messages.log(`${count(done.length, "migration")} done in ${formatDuration(duration)}`);
  }
  if (failed !== undefined && report.results.length > 1) {
    const ended = report.error?.code === "interrupted" ? "interrupted" : "failed";
    messages.log(`${count(done.length, "migration")} done, 1 ${ended}, ${skipped.length} not run`);
  }
  return {
    json: reportToJson(report),
    error:
      failed === undefined || report.error?.server === undefined || report.error.code === "connection_lost"
        ? report.error
        : report.error.with({ message: `Migration ${migrationId(failed.migration)} failed: ${report.error.message}` }),
  };
}
