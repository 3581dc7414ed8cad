import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { quoteLiteral } from "#sql/quote.ts";
import type { CommandContext } from "./command.ts";
import { inLine } from "./output/visible.ts";

/** Says of two migrations of one version which the environment's database has, where it can be asked: that one keeps its number. */
export async function explainDuplicate<E>(thrown: E, context: CommandContext): Promise<E | ConfitureError> {
  if (!(thrown instanceof ConfitureError) || thrown.code !== "migration_duplicate") return thrown;
  const error: ConfitureError = thrown;
  const { version, files } = (error.data ?? {}) as { readonly version?: string; readonly files?: readonly string[] };
  if (version === undefined || files === undefined) return error;
  const [{ ifReachable }, { withDatabase }, { isUnmade }, { appliedOfTwo }, { migrationId }] = await Promise.all([
    import("./pick-source.ts"),
    import("#database/open.ts"),
    import("#migrate/status.ts"),
    import("#migrate/duplicated.ts"),
    import("#migrate/files/migration-file.ts"),
  ]);
  const asked = await ifReachable(context, async ({ target, name, migrations: { table } }) => {
    if (isUnmade(target)) return { name, row: undefined, file: undefined, isSameText: false, ledger: undefined };
    const found = await withDatabase(target, { signal: context.io.signal }, (database) =>
      appliedOfTwo(database, table, context.projectDir, { version, files }),
    );
    return { name, ...found };
  });
  if (asked === undefined) return error;
  const { name, row, file, isSameText, ledger = "" } = asked;
  const data = { ...error.data, applied: file ?? null };
  const elsewhere =
    "Another database may have the other one: `confiture migrate status -e NAME` asks that of another environment.";
  if (row === undefined) {
    const hint = `Rename one of them to a version of its own: ${name} has neither. ${elsewhere}`;
    return error.with({ message: `${error.message}. Neither is applied in ${name}`, hint, data });
  }
  const id = inLine(migrationId(row));
  const other = files.find((one) => one !== file);
  if (file === undefined || other === undefined) {
    const message = `${error.message}. Applied in ${name} is ${id}, and neither has its text or its name alone`;
    const sql = `SELECT source FROM ${ledger} WHERE version = ${quoteLiteral(row.version)}`;
    const hint = `\`confiture db sql ${/["$`\\!]/.test(sql) ? shellWord(sql) : `"${sql}"`}\` prints what ran. Rename the one that did not run to a version of its own, behind those that are applied. ${elsewhere}`;
    return error.with({ message, hint, data });
  }
  const how = isSameText ? "which has the text that ran" : "by its name (its text was edited since)";
  return error.with({
    message: `${error.message}. Applied in ${name} is ${id}: ${file}, ${how}`,
    hint: `${file} keeps its number. Rename ${other} to a version of its own, behind those that are applied. ${elsewhere}`,
    location: { file: other },
    data,
  });
}
