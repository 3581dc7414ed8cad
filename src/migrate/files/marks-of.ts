import { ConfitureError } from "#errors/error.ts";
import { cutFile } from "../layouts/cut.ts";
import type { MigrationFile } from "./migration-file.ts";
import { readMigrationSource } from "./migration-source.ts";
import type { Marks } from "../phases/phase.ts";
import { typeScriptMarks } from "./typescript-marks.ts";

/** A marker with an option behind it. */
const MARKED = /^[ \t]*--[ \t]*migrate:up\b[^\n]*\w:/m;

/**
 * What the marker of a migration's way up says about phases; undefined where it says nothing, or cannot be read: whoever
 * loads it is told why.
 */
export function marksOf(projectDir: string, file: MigrationFile): Marks | undefined {
  if (file.form === "typescript") return ofTypeScript(projectDir, file);
  if (file.layout !== "confiture" || (file.form !== "sql" && file.form !== "sql-pair")) return undefined;
  try {
    const source = readMigrationSource(projectDir, file.path);
    const isMarked = some(source.around("migrate:up"), (text) => MARKED.test(text));
    return isMarked ? cutFile(file, source.sql("together"), "up").main.marks : undefined;
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

function ofTypeScript(projectDir: string, file: MigrationFile): Marks | undefined {
  try {
    return typeScriptMarks(readMigrationSource(projectDir, file.path).sql("whole").text);
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

/** Whether the text of a migration has a word in it; true where that cannot be told. */
export function mentions(projectDir: string, file: MigrationFile, word: string): boolean {
  if (file.form === "typescript" || file.form === "foreign") return true;
  try {
    const source = readMigrationSource(projectDir, file.path);
    const wanted = word.toLowerCase();
    // oxlint-disable-next-line no-control-regex
    const isAscii = /^[\u0001-\u007f]+$/.test(wanted);
    const texts = isAscii ? source.around(wanted, true) : [source.sql("whole").text];
    return some(texts, (text) => text.toLowerCase().includes(wanted));
  } catch (error) {
    if (error instanceof ConfitureError) return true;
    throw error;
  }
}

/** Whether the SQL of a migration's way up matches; true where that cannot be told. */
export function matchesWayUp(projectDir: string, file: MigrationFile, pattern: RegExp): boolean {
  try {
    const source = readMigrationSource(projectDir, file.path).sql("together");
    const { start, end, text = source.text } = cutFile(file, source, "up").main;
    return pattern.test(text.slice(start, end));
  } catch (error) {
    if (error instanceof ConfitureError) return true;
    throw error;
  }
}

/** The first that holds is enough: a word may be in every row of a large file. */
function some(texts: Iterable<string>, holds: (text: string) => boolean): boolean {
  for (const text of texts) if (holds(text)) return true;
  return false;
}
