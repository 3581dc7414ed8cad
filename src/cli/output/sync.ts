import { reportedName } from "#sql/quote.ts";
import { SEARCH_PATH } from "#sync/plain.ts";
import type { StreamProgress, SyncEvent, TableReport } from "#sync/run/events.ts";
import type { ColumnResult } from "#sync/run/proof-result.ts";
import type { Proof } from "#sync/run/proof.ts";
import type { SyncPreview, SyncReport } from "#sync/run/report.ts";
import type { CommandContext } from "../command.ts";
import type { SyncFinding } from "#sync/plan.ts";
import { labelled, renderLocation } from "./diagnostic.ts";
import { forPeople, type Paint } from "./style.ts";
import { originalsThere, renderNoticed } from "./sync-noticed.ts";
import { agree, count, formatDuration, formatSize } from "./text.ts";
import { indented, inLine } from "./visible.ts";
import { wrap } from "./wrap.ts";
import { wrapSql } from "./wrap-sql.ts";

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
        messages.warn(event.message);
        break;
      case "retrying":
        messages.warn(`${inLine(event.table)}: ${event.error.message}; trying again (${event.attempt})`);
        break;
      case "table-finished":
        if (!json) io.stdout.write(forPeople(`${tableLine(event.table)}\n`));
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
  return `${number(rows)} rows, ${formatSize(bytes)}, ${number(rate)} rows/s${rest}`;
}

function tableLine({ table, rowsWritten, bytes, duration, transformed, where, retries }: TableReport): string {
  const notes = [
    transformed === 0 ? undefined : `${count(transformed, "column")} replaced`,
    where === null ? undefined : where,
    retries === 0 ? undefined : `repeated ${count(retries, "time")}`,
  ].filter((note) => note !== undefined);
  return `✅ ${inLine(table)}: ${number(rowsWritten)} ${agree(rowsWritten, "row", "rows")}, ${formatSize(bytes)}, ${formatDuration(duration)}${notes.length === 0 ? "" : ` (${inLine(notes.join("; "))})`}`;
}

/** What is wrong with the rules, where, and what to write. */
export function renderFinding({ rule, message, fix, location }: SyncFinding, paint: Paint): string[] {
  return [
    `${paint("red", "error:")} ${paint("bold", indented(message))} [${rule}]`,
    ...renderLocation(location, paint),
    ...(fix === undefined ? [] : labelled("fix", fix, paint)),
  ];
}

export function syncFindingToJson({
  rule,
  message,
  fix,
  location,
  table,
  column,
}: SyncFinding): Record<string, unknown> {
  return { rule, message, fix: fix ?? null, location, table: table ?? null, column: column ?? null };
}

/** What a run did and proved, for people. */
export function renderReport(report: SyncReport, to: string): string {
  const rows = report.tables.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  const bytes = report.tables.reduce((sum, table) => sum + table.bytes, 0);
  const { left, sequences, extensionTables } = report;
  const empty = report.plan.tables
    .filter(({ mode }) => mode === "skip")
    .map(({ schema, name }) => reportedName(schema, name));
  const but = originalsThere(report.proof);
  const copied = empty.length === 0 ? "" : `${report.tables.length} of `;
  const notes = [
    ...report.removed.map((name) => `Removed what an earlier run left: ${name}`),
    ...list("Not copied, for lack of the roles on the target: grants and policies of", left.roles),
    ...list("Not copied: policies", left.policies),
    ...list("Not copied: subscriptions", left.subscriptions),
    ...list("Made without rows: foreign tables", left.foreignTables),
    ...list(
      "Made without rows: materialized views",
      left.materializedViews.map(({ view, why }) => `${view} (${why})`),
    ),
    ...list("Made without rows (skipped by the rules, or not in --tables):", empty),
    ...list("Not copied: user mappings", left.userMappings),
    ...list("Not copied: who owns what; all of it belongs to the role of the copy, and not to", left.owners),
    ...list("Copied with placeholders (__OPTION_...__) for options that may be secret:", left.placeholders),
    ...list("Not copied: rows in tables of extensions:", extensionTables.withRows),
    ...list("Missing in the copy: tables that were added to an extension by hand:", extensionTables.missing),
    ...list("Sequences of tables without rows that begin anew, as the role may not read them:", sequences.unreadable),
    ...list(
      "Sequences set beyond the numbers that a rule made:",
      sequences.moved.map((one) => `${one.column} (${number(one.left)} left)`),
    ),
    ...list(
      `Sequences that are behind their column${sequences.unreadable.length === 0 ? ", as on the source" : ""}:`,
      sequences.behind,
    ),
    ...(report.place === "in place"
      ? [
          "The role may not create databases, so the copy was made in place: had it failed, the target would be incomplete.",
        ]
      : []),
  ];
  return [
    ...renderProof(report.proof),
    `Schema: the same as the source's; ${count(report.foreignKeys, "foreign key")} valid, ${count(sequences.set, "sequence")} set`,
    ...report.ledgers.map(({ table, rows: n }) => `Ledger: ${table}, ${count(n, "migration")}`),
    ...notes,
    ...(report.proof.columns.length === 0 ? [] : [SCHEMA_TEXT]),
    `✅ ${to} is a copy of ${copied}${count(report.plan.tables.length, "table")}, ${number(rows)} ${agree(rows, "row", "rows")}, ${formatSize(bytes)}, in ${formatDuration(report.durations.total)} (rows ${formatDuration(report.durations.rows)}, keys and indexes ${formatDuration(report.durations.objects)}, proof ${formatDuration(report.durations.proof)})${but === undefined ? "" : `, but ${but}`}`,
    "",
  ]
    .map((line) => inLine(line))
    .join("\n");
}

const SCHEMA_TEXT =
  "Copied as it is: text in the schema (definitions of views, conditions, CHECKs, defaults, partition bounds, enum labels, comments, function bodies)";

/** What was proven, a line each. */
export function renderProof({ columns, leaks, noticed, scanned }: Proof): string[] {
  return [
    ...columns.map(({ column, transform, how, holds, originals, results, same, elsewhere }) => {
      if (how === "not compared")
        return `not compared: ${column} (${transform}): ${same === 0 ? "some values may stay as they are" : `${count(same, "original")} equal to the rule's value`}`;
      if (how === "no key")
        return `not compared: ${column} (${transform}): no unique key of the table is kept; with CONFITURE_SYNC_KEY as in the copy it can be`;
      if (how === "no value in common" && holds && originals === 0)
        return `nothing to prove: ${column} (${transform}): the source has no value there`;
      const what = {
        "no value in common": `no value in common with ${number(originals)} ${agree(originals, "original", "originals")}`,
        "no row has its own": `${number(same)} of ${number(results)} rows kept their own original${aboutOthers(elsewhere)}`,
        "only results": `no value is an original unless the rules make it as well (${count(results, "value")}; rows have no key that tells them apart)`,
      }[how];
      return `${holds ? "proven" : "NOT PROVEN"}: ${column} (${transform}): ${holds ? what : inTheCopy(same, elsewhere)}`;
    }),
    ...columns.flatMap(({ column, transform, written: n = 0 }) =>
      n === 0
        ? []
        : [`WRITTEN: ${column} (${transform}): ${count(n, "value")} that no rule makes, written since the copy`],
    ),
    ...leaks.map(
      ({ column, kind, rows, more }) =>
        `LEAK: ${column}: ${more === true ? "at least " : ""}${number(rows)} ${agree(rows, "row holds", "rows hold")} an original (${kind})`,
    ),
    ...renderNoticed(noticed),
    ...(scanned.kinds.length === 0
      ? behindLines(scanned)
      : [
          `Searched ${count(scanned.columns, "column")} with text for originals (${scanned.kinds.join(", ")}): ${leaks.length === 0 ? "none found" : "found"}`,
          ...columns.flatMap(({ column, otherForms: n = 0 }) =>
            n === 0
              ? []
              : [
                  `Not searched: ${count(n, "original")} of ${column}, of a form that is not looked for (a quoted name, a host without a dot, fewer than 7 digits or more than 17)`,
                ],
          ),
          ...unsearchedLines(scanned),
          ...behindLines(scanned),
        ]),
  ];
}

/** What is known of originals in other rows than their own. */
function aboutOthers(elsewhere: ColumnResult["elsewhere"]): string {
  if (elsewhere === undefined) return "; that of another row may be there by chance";
  if (elsewhere === "no key")
    return "; originals of other rows were not looked for, which takes CONFITURE_SYNC_KEY as in the copy";
  if (elsewhere.found === 0) return ", and none has that of another row but where the rules make it";
  const { found } = elsewhere;
  return `; ${number(found)} ${agree(found, "has", "have")} that of another row, which may be chance`;
}

/** How many originals stand in a column, where there may be none. */
function inTheCopy(same: number, elsewhere: ColumnResult["elsewhere"]): string {
  if (typeof elsewhere !== "object" || elsewhere.found <= elsewhere.chance)
    return `${number(same)} ${agree(same, "original is", "originals are")} in the copy`;
  const { found, more } = elsewhere;
  return `${more === true ? "at least " : ""}${number(found)} ${agree(found, "value is the original", "values are originals")} of another row`;
}

/** Columns that are named in a line; the document in JSON has all. */
export const NAMED = 20;

function unsearchedLines({ unsearched }: Proof["scanned"]): string[] {
  const line = (what: string, why: "encoded" | "number"): string[] => {
    const columns = unsearched.filter((column) => column.why === why);
    const named = columns.slice(0, NAMED).map(({ column, type }) => `${column} (${type})`);
    const more = columns.length > NAMED ? `, and ${columns.length - NAMED} more` : "";
    return columns.length === 0 ? [] : [`${what}: ${named.join(", ")}${more}`];
  };
  return [
    ...line("Not searched, as text may be encoded there", "encoded"),
    ...line("Not searched, as they hold numbers", "number"),
  ];
}

/** Columns of tables that are left out, whose originals might stand in others. */
function behindLines({ behind, unread }: Proof["scanned"]): string[] {
  const line = (what: string, columns: readonly string[]): string[] => {
    const more = columns.length > NAMED ? `, and ${columns.length - NAMED} more` : "";
    return columns.length === 0 ? [] : [`${what}: ${columns.slice(0, NAMED).join(", ")}${more}`];
  };
  const unreadFor = (reason: (typeof unread)[number]["why"]): string[] =>
    unread.flatMap(({ column, why }) => (why === reason ? [column] : []));
  return [
    ...line("Searched also for originals of tables that are left out", behind),
    ...line("Not searched for originals of tables that are left out and larger than 1 GB", unreadFor("size")),
    ...line(
      "Not searched for originals of tables that are left out, and that the role may not read",
      unreadFor("right"),
    ),
    ...line(
      "Not searched for originals of tables that are left out, as neither names nor first rows say that these columns hold such values",
      unreadFor("unlike"),
    ),
  ];
}

/** Characters of a line where no terminal says how many it has. */
const WIDTH = 120;

/**
 * What a run would do, with every query: a script that psql runs as it is, in which everything else is a comment. Subkeys are secret, so
 * that others stand in their place.
 */
export function renderPreview({ plan, sizes }: SyncPreview, columns = WIDTH): string {
  const bySize = new Map(sizes.map((each) => [reportedName(each.schema, each.name), each]));
  const comment = (text: string): string => wrap(inLine(text), columns - 3).replaceAll(/^/gm, "-- ");
  const secret = plan.settings.filter(({ name }) => name !== SEARCH_PATH.name);
  const note =
    "With these stand-ins for the subkeys of a copy, which are secret, the queries run and have other results.";
  const head = [
    `SET ${SEARCH_PATH.name} TO ${SEARCH_PATH.value};`,
    "SET row_security TO off;",
    ...(secret.length === 0 ? [] : [comment(note)]),
    ...secret.map(({ name }) => `SET ${name} TO '00';`),
  ];
  const tables = plan.tables.map((table) => {
    const name = reportedName(table.schema, table.name);
    const known = bySize.get(name);
    const about = known?.rows === null || known === undefined ? "" : `, about ${number(known.rows)} rows`;
    if (table.mode === "skip") return comment(`${name}: made without rows`);
    const replaced = table.columns.flatMap(({ name: column, treatment, transform }) =>
      treatment === "transform" ? [`  ${column} -> ${transform ?? ""}`] : [],
    );
    const where = table.where === undefined ? [] : [`  rows: ${table.where}`];
    const said = [`${name}: ${formatSize(known?.bytes ?? 0)}${about}`, ...replaced, ...where];
    return [...said.map(comment), `${wrapSql(table.query, columns)};`].join("\n");
  });
  return `${[head.join("\n"), ...tables].join("\n\n")}\n`;
}

function list(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what} ${names.join(", ")}`];
}

/** 1,234,567 */
export function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
