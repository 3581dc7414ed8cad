import type { Statement } from "#sql/statement.ts";
import { backfillOf, type LoadedMigration } from "./files/body.ts";
import type { MigrateOptions } from "./exclusive.ts";
import type { HistoryEntry } from "./history.ts";
import { loadMigration } from "./files/load.ts";
import { marksOf } from "./files/marks-of.ts";

/**
 * What has run since a change began of which a backfill is still to run: its expand makes the columns that the backfill fills, and
 * what came behind that may have renamed them. None where TypeScript is among it.
 */
export async function beginningsOf(
  history: readonly HistoryEntry[],
  migrations: readonly LoadedMigration[],
  { projectDir, signal }: Pick<MigrateOptions, "projectDir" | "signal">,
): Promise<Statement[]> {
  const changes = new Set(
    migrations.flatMap(({ up }) => (up.kind === "sql" && backfillOf(up) !== undefined ? (up.marks?.change ?? []) : [])),
  );
  if (changes.size === 0) return [];
  const done = history.flatMap(({ file, standing }) => (file !== undefined && standing === "applied" ? [file] : []));
  const first = done.findIndex((file) => {
    const marks = marksOf(projectDir, file);
    return marks?.phase === "expand" && marks.change !== undefined && changes.has(marks.change);
  });
  const statements: Statement[] = [];
  for (const file of first < 0 ? [] : done.slice(first)) {
    const { up } = await loadMigration(projectDir, file, signal);
    if (up.kind !== "sql") return [];
    statements.push(...up.script.statements);
  }
  return statements;
}
