import { formatSqlStatements } from "@supabase/pg-delta/sql-format";
import type { Effects } from "./measure.ts";
import type { PlannedStatement } from "./plan.ts";

/** A statement of a plan that was run. */
export interface MeasuredStatement extends PlannedStatement {
  readonly effects: Effects;
}

/** A migration file in the form of `migrate new`, with a comment above each statement that can hurt. Pure. */
export function renderMigration(up: readonly MeasuredStatement[], down: readonly MeasuredStatement[]): string {
  const sections = [renderSection("up", up), ...(down.length === 0 ? [] : [renderSection("down", down)])];
  return sections.join("\n");
}

function renderSection(way: "up" | "down", statements: readonly MeasuredStatement[]): string {
  const outside = statements.some(({ transactional }) => !transactional);
  const heading = `-- migrate:${way}${outside ? " transaction:false" : ""}\n`;
  const until = outside ? "until this statement is done" : "until the migration is committed";
  const said = new Set<string>();
  const texts = statements.map((statement) => {
    const notes = notesOf(statement, until).filter((note) => {
      // A lock is held to the end of the transaction: once is enough.
      const isNews = outside || !note.startsWith("LOCK") || !said.has(note);
      said.add(note);
      return isNews;
    });
    return `\n${[...notes.map((note) => `-- ${note}`), renderStatement(statement)].join("\n")}\n`;
  });
  return heading + texts.join("");
}

/** What the statement can do to a database in use, and to rows. */
function notesOf({ loss, rows, effects }: MeasuredStatement, until: string): string[] {
  const { rewrites, scans, blocksReads, blocksWrites } = effects;
  return [
    ...(loss === undefined ? [] : [`DATA LOSS: ${loss}, also for a later rollback.`]),
    ...(rows === undefined ? [] : [`ROWS: ${rows}.`]),
    ...(rewrites.length === 0 ? [] : [`REWRITE: every row of ${list(rewrites)} is written anew under the lock.`]),
    ...(scans.length === 0 ? [] : [`SCAN: every row of ${list(scans)} is read under the lock.`]),
    ...(blocksReads.length === 0 ? [] : [`LOCK: reads and writes of ${list(blocksReads)} wait ${until}.`]),
    ...(blocksWrites.length === 0 ? [] : [`LOCK: writes to ${list(blocksWrites)} wait ${until}.`]),
  ];
}

/** Partitions can be many. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`;
}

function renderStatement({ sql }: PlannedStatement): string {
  const [formatted = sql] = formatSqlStatements([sql], { preserveRoutineBodies: true, preserveViewBodies: true });
  const text = formatted.trim();
  return text.endsWith(";") ? text : `${text};`;
}
