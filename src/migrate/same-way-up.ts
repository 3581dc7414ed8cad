import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readEdits } from "./edits.ts";
import type { HistoryEntry } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { upOfText } from "./load.ts";
import type { MigrationFile } from "./migration-file.ts";

/**
 * Does what refuses edited migrations. Where only the way back of one is another now, what it did to the database is what
 * its file says, so the refusal says how to record that.
 * @throws ConfitureError as `plan`
 */
export async function orSameWayUp<T>(
  database: Database,
  ledger: Ledger,
  projectDir: string,
  history: readonly HistoryEntry[],
  plan: () => T,
): Promise<T> {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "history_edited") throw error;
    const entry = history.find(({ version }) => version === error.data?.["version"]);
    if (entry?.file === undefined || entry.file.form === "typescript") throw error;
    const [edit] = await readEdits(database, ledger, [entry], projectDir);
    if (edit?.before === undefined || edit.after === undefined) throw error;
    if (!isSameUp(entry.file, edit.before, edit.after)) throw error;
    throw error.with({
      hint: `Its way up is what was applied; only its way back is another. Record it as it is now: confiture migrate accept ${shellWord(entry.version)}`,
    });
  }
}

function isSameUp(file: MigrationFile, before: string, after: string): boolean {
  const [was, is] = [before, after].map((text) => upOfText(file, text));
  if (was?.kind !== "sql" || is?.kind !== "sql" || was.transactional !== is.transactional) return false;
  const textsOf = ({ script }: typeof was): string[] => script.statements.map(({ text }) => text);
  return Bun.deepEquals(textsOf(was), textsOf(is));
}
