import { formatSqlStatements } from "@supabase/pg-delta/sql-format";
import { SECRET } from "../catalogue/catalogue.ts";
import type { Effects } from "./measure.ts";
import { type PlannedStatement, textsOf } from "../plan/statement.ts";

/** A statement of a plan that was run. */
export interface MeasuredStatement extends PlannedStatement {
  readonly effects: Effects;
  /** How to do without what it does to a table in use. */
  readonly advice?: string;
}

/** One direction of a migration. */
export interface Section {
  readonly statements: readonly MeasuredStatement[];
  /** Whether all of it is one transaction, or each statement one of its own. */
  readonly transactional: boolean;
}

/**
 * A migration file in the form of `migrate new`, with a comment above each statement that can hurt. Pure.
 * @param down undefined for no way back
 */
export function renderMigration(up: Section, down: Section | undefined): string {
  return [renderSection("up", up), ...(down === undefined ? [] : [renderSection("down", down)])].join("\n");
}

/** The same statements as a script that any client runs, one by one; where several sections are, each has to be committed. Pure. */
export function renderScript(sections: readonly Section[]): string {
  return sections.map((section) => renderStatements("once", section).slice(1)).join(`\n-- Commit here.\n\n`);
}

function renderSection(way: "up" | "down", section: Section): string {
  const heading = `-- migrate:${way}${section.transactional ? "" : " transaction:false"}\n`;
  // Without a statement it would be no way back at all.
  if (section.statements.length === 0) return `${heading}\n-- Nothing to undo.\nSELECT 1;\n`;
  return heading + renderStatements(way, section);
}

function renderStatements(way: Way, { statements, transactional }: Section): string {
  const said = new Set<string>();
  const texts = statements.map((statement) => {
    const notes = notesOf(statement, way, transactional).filter((note) => {
      // A lock is held to the end of the transaction, or is taken for a moment: once is enough.
      const isNews = !note.startsWith("LOCK") || !said.has(note);
      said.add(note);
      return isNews;
    });
    return `\n${[...notes.map((note) => `-- ${note}`), renderStatement(statement)].join("\n")}\n`;
  });
  return texts.join("");
}

/** Whether a statement is of a migration, or of a script that nothing rolls back and no option of `generate` changes. */
type Way = "up" | "down" | "once";

/** What the statement can do to a database in use, and to rows. */
export function notesOf(
  { sql, loss, rows, effects, advice }: MeasuredStatement,
  way: Way,
  transactional: boolean,
): string[] {
  const { rewrites, scans, blocksReads, blocksWrites } = effects;
  const isSlow = rewrites.length > 0 || scans.length > 0;
  const wait = transactional
    ? "wait until the migration is committed"
    : `wait ${isSlow ? "until it is done" : "for a moment"}`;
  return [
    ...(SECRET.test(sql) ? ["SECRET: replace the placeholder with the real secret before running this."] : []),
    ...(loss === undefined ? [] : [`DATA LOSS: ${loss}${way === "up" ? "; rolling back does not undo that" : ""}.`]),
    ...(rows === undefined ? [] : [`ROWS: ${rows}.`]),
    ...(rewrites.length === 0 ? [] : [`REWRITE: every row of ${list(rewrites)} is written anew under the lock.`]),
    ...(scans.length === 0 ? [] : [`SCAN: every row of ${list(scans)} is read under the lock.`]),
    ...(advice === undefined || way === "once" ? [] : [`ONLINE: ${advice}.`]),
    ...(blocksReads.length === 0 ? [] : [`LOCK: reads and writes of ${list(blocksReads)} ${wait}.`]),
    ...(blocksWrites.length === 0 ? [] : [`LOCK: writes to ${list(blocksWrites)} ${wait}.`]),
  ];
}

/** Partitions can be many. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`;
}

function renderStatement(statement: PlannedStatement): string {
  return [...textsOf(statement), ...(statement.behind ?? [])].map(renderText).join("\n");
}

function renderText(sql: string): string {
  // The formatter would end lines in bodies otherwise, which is another body.
  const [formatted = sql] = sql.includes("\r")
    ? [sql]
    : formatSqlStatements([sql], { preserveRoutineBodies: true, preserveViewBodies: true });
  const text = formatted.trim();
  return text.endsWith(";") ? text : `${text};`;
}
