import { LogLevels } from "consola/core";
import { reportedName } from "#sql/quote.ts";
import { copiedWhole, countTables, type TableCount } from "#sync/roots.ts";
import type { StreamProgress, SyncEvent, TableReport } from "#sync/run/events.ts";
import { PARTS } from "#sync/run/laps.ts";
import type { SyncReport } from "#sync/run/report.ts";
import type { CommandContext } from "../command.ts";
import { forPeople } from "./style.ts";
import { type Detail, exceptionsOf, list, provenBut, renderProof } from "./sync-proof.ts";
import { agree, count, formatCount, formatDuration, formatSize } from "./text.ts";
import { inLine } from "./visible.ts";

/** Milliseconds: a line every few seconds is enough for a log. */
const BETWEEN_LINES = 5_000;

/** Shows a run as it happens: what is finished on standard output, everything else on standard error. */
export function showSyncEvents({ io, messages, json }: CommandContext): (event: SyncEvent) => void {
  let told = 0;
  let checkTold = performance.now();
  return (event) => {
    switch (event.type) {
      case "step":
        messages.log(`${event.step}...`);
        break;
      case "check": {
        // One line for each is much; none at all for a long time looks as if nothing happened.
        const now = performance.now();
        const isDue = now - checkTold >= BETWEEN_LINES;
        if (isDue) checkTold = now;
        messages[isDue ? "log" : "debug"](`Proving ${inLine(event.column)}`);
        break;
      }
      case "warning":
      case "note":
        messages[event.type === "note" ? "log" : "warn"](event.message);
        break;
      case "retrying":
        messages.warn(`${inLine(event.table)}: ${event.error.message}; trying again (${event.attempt})`);
        break;
      case "table-finished":
        if (!json && messages.level >= LogLevels.info) io.stdout.write(forPeople(`${tableLine(event.table)}\n`));
        break;
      case "progress": {
        const { elapsed, tables, streams } = event.progress;
        if (elapsed - told < BETWEEN_LINES) break;
        told = elapsed;
        const each = streams.map((stream) => `${inLine(stream.table)} ${speedOf(stream)}`).join("; ");
        messages.log(
          `${tables.finished} of ${count(tables.total, "table")}, ${speedOf(event.progress)}${each === "" ? "" : `: ${each}`}`,
        );
        break;
      }
    }
  };
}

/** "1,200 rows, 3.0 MB, 400 rows/s, 2s left" */
function speedOf({ rows, bytes, elapsed, left }: Omit<StreamProgress, "table">): string {
  const rate = elapsed === 0 ? 0 : (rows / elapsed) * 1000;
  const rest = left === null ? "" : `, ${formatDuration(left)} left`;
  return `${formatCount(rows)} rows, ${formatSize(bytes)}, ${formatCount(rate)} rows/s${rest}`;
}

function tableLine({
  table,
  rowsWritten,
  sourceRows,
  bytes,
  duration,
  transformed,
  where,
  retries,
}: TableReport): string {
  const notes = [
    transformed === 0 ? undefined : `${count(transformed, "column")} replaced`,
    where === null ? undefined : where,
    retries === 0 ? undefined : `repeated ${count(retries, "time")}`,
  ].filter((note) => note !== undefined);
  return `✅ ${inLine(table)}: ${chosenOf(rowsWritten, sourceRows)}, ${formatSize(bytes)}, ${formatDuration(duration)}${notes.length === 0 ? "" : ` (${inLine(notes.join("; "))})`}`;
}

/**
 * "3 of about 10 rows"
 * @param there as PostgreSQL estimates; null where every row is copied
 */
export function chosenOf(rows: number, there: number | null): string {
  const isKnown = there !== null && there >= rows;
  return isKnown
    ? `${formatCount(rows)} of about ${formatCount(there)} ${agree(there, "row", "rows")}`
    : `${formatCount(rows)} ${agree(rows, "row", "rows")}`;
}

/** "2 of 3 tables with 4 partitions" */
export function tablesOf({ all, copied, partitions }: TableCount): string {
  const of = copied === all ? "" : `${copied} of `;
  return `${of}${count(all, "table")}${partitions === 0 ? "" : ` with ${count(partitions, "partition")}`}`;
}

/** What a run did and proved, for people. */
export function renderReport(report: SyncReport, to: string, detail: Detail): string {
  const rows = report.tables.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  const bytes = report.tables.reduce((sum, table) => sum + table.bytes, 0);
  const { left, sequences, extensionTables } = report;
  const empty = report.plan.tables
    .filter(({ mode }) => mode === "skip")
    .map(({ schema, name }) => reportedName(schema, name));
  const made = [
    ...report.removed.map((name) => `Removed what an earlier run left: ${name}`),
    ...list("Made without rows (skipped by the rules, or not in --tables):", empty),
    ...list("Copied whole, as no condition reaches them:", copiedWhole(report.plan)),
    ...list(
      "Sequences set beyond the numbers that a rule made:",
      sequences.moved.map((one) => `${one.column} (${formatCount(one.left)} left)`),
    ),
    ...list(
      `Sequences that are behind their column${sequences.unreadable.length === 0 ? ", as on the source" : ""}:`,
      sequences.behind,
    ),
  ];
  const missing = [
    ...list("Not copied, for lack of the roles on the target: grants and policies of", left.roles),
    ...list("Not copied: policies", left.policies),
    ...list("Not copied: subscriptions", left.subscriptions),
    ...list("Made without rows: foreign tables", left.foreignTables),
    ...list(
      "Made without rows: materialized views",
      left.materializedViews.map(({ view, why }) => `${view} (${why})`),
    ),
    ...list("Not copied: user mappings", left.userMappings),
    ...list("Not copied: who owns what; all of it belongs to the role of the copy, and not to", left.owners),
    ...list("Copied with placeholders (__OPTION_...__) for options that may be secret:", left.placeholders),
    ...list("Not copied: rows in tables of extensions:", extensionTables.withRows),
    ...list("Missing in the copy: tables that were added to an extension by hand:", extensionTables.missing),
    ...list("Sequences of tables without rows that begin anew, as the role may not read them:", sequences.unreadable),
    ...(report.place === "in place"
      ? [
          "The role may not create databases, so the copy was made in place: had it failed, the target would be incomplete.",
        ]
      : []),
  ];
  return [
    ...renderProof(report.proof, detail),
    ...(detail === "quiet"
      ? []
      : [
          `Schema: the same as the source's; ${count(report.foreignKeys, "foreign key")} valid, ${count(sequences.set, "sequence")} set`,
          ...report.ledgers.map(({ table, rows: n }) => `Ledger: ${table}, ${count(n, "migration")}`),
          ...made,
        ]),
    ...missing,
    ...(report.proof.columns.length === 0 || detail === "quiet" ? [] : [SCHEMA_TEXT]),
    `✅ ${to} is a copy of ${tablesOf(countTables(report.plan))}, ${formatCount(rows)} ${agree(rows, "row", "rows")}, ${formatSize(bytes)}, in ${formatDuration(report.durations.total)} (${PARTS.map((part) => `${PART_NAMES[part]} ${formatDuration(report.durations[part])}`).join(", ")})${report.proof.columns.length === 0 ? "" : `. ${provenBut(exceptionsOf(report.proof))}`}`,
    "",
  ]
    .map((line) => inLine(line))
    .join("\n");
}

const PART_NAMES: Readonly<Record<(typeof PARTS)[number], string>> = {
  reading: "reading and planning",
  tables: "making tables",
  rows: "rows",
  objects: "keys and indexes",
  proof: "proof",
  finish: "putting in place",
};

const SCHEMA_TEXT =
  "Copied as it is: text in the schema (names, definitions of views, statistics and rules, conditions, CHECKs, defaults, partition bounds, options, enum labels, comments and labels, function bodies, arguments of triggers)";
