import { ConfitureError } from "#errors/error.ts";
import { cutFile } from "./layouts/cut.ts";
import type { MigrationFile } from "./migration-file.ts";
import { readMigrationSource } from "./migration-source.ts";
import type { Marks } from "./phase.ts";

/** A marker with an option behind it. */
const MARKED = /^[ \t]*--[ \t]*migrate:up\b[^\n]*\w:/m;

/**
 * What the marker of a migration's way up says about phases; undefined where it says nothing, or cannot be read: whoever
 * loads it is told why.
 */
export function marksOf(projectDir: string, file: MigrationFile): Marks | undefined {
  if (file.layout !== "confiture" || (file.form !== "sql" && file.form !== "sql-pair")) return undefined;
  try {
    const source = readMigrationSource(projectDir, file.path).sql("together");
    return MARKED.test(source.text) ? cutFile(file, source, "up").main.marks : undefined;
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

/** Whether the text of a migration has a word in it; true where that cannot be told. */
export function mentions(projectDir: string, file: MigrationFile, word: string): boolean {
  if (file.form === "typescript" || file.form === "foreign") return true;
  try {
    const { text } = readMigrationSource(projectDir, file.path).sql("whole");
    return text.toLowerCase().includes(word.toLowerCase());
  } catch (error) {
    if (error instanceof ConfitureError) return true;
    throw error;
  }
}
