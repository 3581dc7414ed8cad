import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { locateInFile } from "#sql/position.ts";

/** What goes by the user, the day or a setting: two runs one after the other give the same. */
const SESSION = /\b(?:current_user|session_user|current_role|current_date|current_setting(?=\s*\())/i;

/** Statements whose code nobody reads. */
const CODE = /^\s*(?:do\b|create\s+(?:or\s+replace\s+)?(?:function|procedure)\b)/i;

/**
 * Code of migrations that goes by the user, the day or a setting. What it writes into rows is the same in two runs, so that nobody can
 * tell it from a constant: it is in the base as it was in the scratch database. Pure.
 */
export function sessionCode(migrations: readonly LoadedMigration[]): string[] {
  return migrations.flatMap(({ file, kept, up }) => {
    const found = up.kind === "sql" ? inStatements(up.script.statements) : inText(kept.source ?? "");
    if (found === undefined) return [];
    const { line } = locateInFile(file.path, up.kind === "sql" ? up.script.text : (kept.source ?? ""), found.at);
    return [
      `${migrationId(file)} runs code with ${found.word} (${file.path}:${line}), which base.sql holds as the value that it had here where the code writes it into rows`,
    ];
  });
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

function inText(text: string): Found | undefined {
  const match = SESSION.exec(text);
  return match === null ? undefined : { word: match[0], at: match.index };
}
