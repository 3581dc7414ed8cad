import { isOtherViewColumns } from "#database/advice.ts";
import { failedStatement } from "#database/run-script.ts";
import { placeIn } from "#database/script.ts";
import type { ConfitureError } from "#errors/error.ts";
import { definedName } from "#sql/defined-name.ts";
import type { Body, LoadedMigration } from "../files/body.ts";
import { migrationId } from "../files/migration-file.ts";

/**
 * Which migration gave a view the columns that a CREATE OR REPLACE VIEW does not have: as a rule that of another branch, which replaced
 * the same view.
 * @param earlier what ran before, the last one first
 */
export async function explainViewColumns(
  error: ConfitureError,
  body: Body | undefined,
  earlier: Iterable<LoadedMigration | Promise<LoadedMigration>>,
): Promise<ConfitureError> {
  if (error.server === undefined || !isOtherViewColumns(error.server) || body?.kind !== "sql") return error;
  const statement = failedStatement(body.script, error);
  const view = statement && definedName(statement);
  if (view === undefined) return error;
  for (const each of earlier) {
    const { file, up } = await each;
    const script = up.kind === "sql" ? up.script : undefined;
    const maker = script?.statements.findLast((one) => one.words.includes("VIEW") && definedName(one) === view);
    if (script === undefined || maker === undefined) continue;
    const { line } = placeIn(script, maker.start);
    const where = `${migrationId(file)} (${script.file}:${line})`;
    return error.with({ hint: `${view} has the columns that ${where} gave it. ${error.hint ?? ""}`.trim() });
  }
  return error;
}
