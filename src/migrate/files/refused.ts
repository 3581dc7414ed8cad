import { ConfitureError } from "#errors/error.ts";
import type { HistoryEntry } from "../history.ts";
import { loadMigration } from "./load.ts";

const TO_RUN: ReadonlySet<string> = new Set(["pending", "out-of-order", "changed"]);

/** What `up` would say of SQL files that are to be run, in version order. Reads them, and runs nothing. */
export async function refusedFiles(projectDir: string, history: readonly HistoryEntry[]): Promise<ConfitureError[]> {
  const errors: ConfitureError[] = [];
  for (const { file, standing } of history) {
    // TypeScript is code, and what is foreign is said on its line.
    if (file === undefined || !TO_RUN.has(standing) || (file.form !== "sql" && file.form !== "sql-pair")) continue;
    try {
      const { up } = await loadMigration(projectDir, file);
      if (up.kind === "refused") errors.push(up.error);
    } catch (error) {
      if (!(error instanceof ConfitureError)) throw error;
      errors.push(error);
    }
  }
  return errors;
}
