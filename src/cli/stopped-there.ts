import type { HistoryEntry } from "#migrate/history.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { inLine } from "./output/visible.ts";

/** Migrations that stopped half way, by their ids. */
export function stoppedIn(history: readonly HistoryEntry[]): string[] {
  return history.filter(({ standing }) => standing === "stopped").map(migrationId);
}

/** What is said of them where a command goes on all the same. */
export function stoppedThere(ids: readonly string[]): string {
  return `${ids.map(inLine).join(", ")} stopped half way in this database: \`confiture migrate status\` says where, and the ways on`;
}
