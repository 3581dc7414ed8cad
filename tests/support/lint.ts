import { lint, type Entry, type LintOptions } from "#lint/lint.ts";
import type { Finding } from "#lint/finding.ts";
import type { LintFile } from "#lint/file.ts";
import { readLoose, readScript } from "#lint/read.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { loadParser } from "#sql/parser.ts";

const parser = await loadParser();

/** SQL as a migration of its own. */
export function migration(sql: string, name = "001_it.sql"): LintFile {
  const file: MigrationFile = { version: "001", name, form: "sql", layout: "confiture", path: `db/migrations/${name}` };
  return readLoose(file, sql, parser);
}

/** SQL as a file that is no migration. */
export function script(sql: string): LintFile {
  return readScript("it.sql", sql, parser);
}

/** What the rules find in the last of these migrations; the others were applied before. */
export function findingsIn(sql: string | readonly string[], options: Partial<LintOptions> = {}): readonly Finding[] {
  const all = typeof sql === "string" ? [sql] : sql;
  const entries = all.map((text, at): Entry => ({
    file: migration(text, `00${at}.sql`),
    isLinted: at === all.length - 1,
  }));
  return lint(entries, { together: false, ...options }).findings;
}

/** The ids of the rules that find something, each once. */
export function rulesIn(sql: string | readonly string[], options: Partial<LintOptions> = {}): string[] {
  return [...new Set(findingsIn(sql, options).map(({ rule }) => rule))].toSorted();
}
