import { placeIn } from "#database/script.ts";
import type { Location } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { locateInFile } from "#sql/position.ts";
import { type Writer, writersOf } from "./value-sources.ts";

/** What goes by the user, the day or a setting: two runs one after the other give the same. */
const SESSION = /\b(?:current_user|session_user|current_role|current_date|current_setting(?=\s*\())/i;

/** The same in TypeScript: the clock, and what is set where it runs. */
const PROCESS = /\bnew\s+Date(?:\s*\(\s*\)|\b(?!\s*\())|\bDate\.now\b|\bTemporal\.Now\b|\b(?:process|Bun)\.env\b/;

/** Statements whose code nobody reads. */
const CODE = /^\s*(?:do\b|create\s+(?:or\s+replace\s+)?(?:function|procedure)\b)/i;

/**
 * Code of migrations that goes by the user, the day or a setting. What it writes into rows is the same in two runs, so that nobody can
 * tell it from a constant: it is in the base as it was in the scratch database. Pure.
 */
export function sessionCode(migrations: readonly LoadedMigration[]): string[] {
  return migrations.flatMap((migration) => {
    const { file, kept, up } = migration;
    if (up.kind === "sql") return codeOfSession(writersOf([migration]));
    const found = inText(kept.source ?? "") ?? inText(kept.source ?? "", PROCESS);
    return found === undefined
      ? []
      : [doubt(migrationId(file), found.word, locateInFile(file.path, kept.source ?? "", found.at))];
  });
}

/** The same of SQL. Pure. */
export function codeOfSession(writers: readonly Writer[]): string[] {
  return writers.flatMap(({ by, script }) => {
    const found = inStatements(script.statements);
    return found === undefined ? [] : [doubt(by, found.word, placeIn(script, found.at))];
  });
}

function doubt(by: string, word: string, { file, line = 1 }: Location): string {
  const place =
    by === file ? `${file}:${line} runs code with ${word}` : `${by} runs code with ${word} (${file}:${line})`;
  return `${place}: what that wrote into rows here is a constant in base.sql, unless it is written there as an expression such as CURRENT_USER`;
}

interface Found {
  readonly word: string;
  readonly at: number;
}

function inStatements(statements: readonly { readonly text: string; readonly start: number }[]): Found | undefined {
  for (const { text, start } of statements) {
    const found = CODE.test(text) ? inText(text) : undefined;
    if (found !== undefined) return { ...found, at: start + found.at };
  }
  return undefined;
}

function inText(text: string, pattern = SESSION): Found | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : { word: match[0], at: match.index };
}
