import { isMissingName, NOT_IN_FUNCTION, type TransactionObstacle, transactionObstacle } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { withAllMissing } from "#database/missing-roles.ts";
import { failedStatement } from "#database/run-script.ts";
import { placeIn, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { searchPathChange } from "#sql/search-path.ts";
import type { Statement } from "#sql/statement.ts";
import { circleOf } from "./circle.ts";
import type { SchemaOrder } from "./collect.ts";
import { findDefinition, missingObject } from "./definitions.ts";
import { piecesOf, type ReadOptions, readSchemaScript } from "./schema-script.ts";

const OBSTACLES: Readonly<Record<TransactionObstacle, string>> = {
  "needs-none":
    "The whole build is one transaction. Leave CONCURRENTLY out (nobody waits on a new database), or run every statement by itself with --no-transaction.",
  "set-transaction": "Remove it: the whole build is one transaction, on a database that nobody else uses yet.",
  "in-function": NOT_IN_FUNCTION,
};

/** The build that failed, as far as it matters here; see `ExecuteOptions`. */
interface FailedBuild extends ReadOptions {
  readonly files: readonly string[];
  readonly resetBetweenFiles: boolean;
  readonly order?: SchemaOrder | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What an interrupted build leaves. */
export function interruption({ transaction }: Pick<FailedBuild, "transaction">): string {
  return transaction
    ? "Interrupted; the build was rolled back"
    : "Interrupted; the statements that were done stay done";
}

/** Adds what the project's files, which are read once more, tell about a failure. */
export function explainFailure(error: unknown, options: FailedBuild): unknown {
  if (!(error instanceof ConfitureError) || error.server === undefined) return error;
  const { server, location } = error;
  if (options.signal?.aborted === true && server.sqlstate === "57014") {
    return error.with({ code: "interrupted", message: interruption(options) });
  }
  const obstacle = transactionObstacle(server);
  if (obstacle !== undefined) return error.with({ hint: OBSTACLES[obstacle] });
  if (!isMissingName(server) || location?.line === undefined) return error;
  const place = { file: location.file, line: location.line };
  const name = missingObject(server);
  return (
    (name === undefined ? undefined : explainOrder(error, place, name, options)) ??
    explainSearchPath(error, place, name, options) ??
    error
  );
}

/**
 * `error` with all roles that the files take for granted and the server does not have, where it is about one of them.
 * @param database as it was before the build
 */
export async function explainRoles(error: unknown, database: Database, options: FailedBuild): Promise<unknown> {
  if (!(error instanceof ConfitureError)) return error;
  return await withAllMissing(error, database, () => statementsOf(options));
}

/** Every statement that the build ran, in order, or would have. */
function* statementsOf(options: FailedBuild): Generator<Statement> {
  for (const script of sequence(options)) if (script !== "clean") yield* script.statements;
}

interface Place {
  readonly file: string;
  readonly line: number;
}

/** What the build ran, in order, or would have; "clean" where the session's settings were cleared. */
function* sequence(options: FailedBuild): Generator<Script | "clean"> {
  for (const file of options.files) {
    if (options.resetBetweenFiles) yield "clean";
    for (const piece of piecesOf(readSchemaScript(options, file))) yield piece === "connect" ? "clean" : piece;
  }
}

/** The object is made further down. */
function explainOrder(
  error: ConfitureError,
  place: Place,
  name: string,
  options: FailedBuild,
): ConfitureError | undefined {
  const scripts = [...sequence(options)].filter((script) => script !== "clean");
  const from = scripts.findIndex(({ file }) => file === place.file);
  for (const script of from < 0 ? [] : scripts.slice(from)) {
    const definition = findDefinition(script, name);
    if (definition === undefined) continue;
    const { file } = script;
    const { line = 0 } = placeIn(script, definition.start);
    if (file === place.file && line <= place.line) continue;
    const failed = scripts.flatMap((one) => failedStatement(one, error) ?? [])[0];
    const reasons = failed && circleOf(scripts, failed, definition);
    if (reasons !== undefined) return inCircle(error, reasons);
    return error.with({
      hint:
        file === place.file
          ? `"${name}" is created further down, in line ${line}. Move it up.`
          : options.order === "dependencies"
            ? `"${name}" is created in ${file}:${line}, which runs after this file. Move the statement into a file of its own.`
            : `"${name}" is created in ${file}:${line}, which sorts after this file. Rename files or folders so that it comes first, or let each file run after what it needs:\n  build:\n    order: dependencies`,
      data: { ...error.data, definedIn: { file, line } },
    });
  }
  return undefined;
}

function inCircle(error: ConfitureError, reasons: readonly string[]): ConfitureError {
  const isOfTables = reasons.every((reason) => /:\d+ needs table /.test(reason));
  const advice = isOfTables
    ? "Write one of these references as ALTER TABLE ... ADD FOREIGN KEY, behind both tables."
    : "One of them has to do without the other. What a function in plpgsql reads is looked for only when it runs.";
  return error.with({
    code: "schema_circle",
    hint: `These need each other in a circle, so no order of them works:\n${reasons.map((why) => `  ${why}\n`).join("")}${advice}`,
    data: { ...error.data, reasons },
  });
}

/** The object may be there, but a SET search_path before has hidden it. */
function explainSearchPath(
  error: ConfitureError,
  place: Place,
  name: string | undefined,
  options: FailedBuild,
): ConfitureError | undefined {
  let isDefined = false;
  let setter: (Place & { readonly text: string; readonly isEmptied: boolean }) | undefined;
  search: for (const script of sequence(options)) {
    if (script === "clean") {
      setter = undefined;
      continue;
    }
    isDefined ||= name !== undefined && findDefinition(script, name) !== undefined;
    const failed = failedStatement(script, error);
    for (const statement of script.statements) {
      if (failed !== undefined && statement.start >= failed.start) break search;
      const change = searchPathChange(statement);
      if (change === undefined) continue;
      const { line = 0 } = placeIn(script, statement.start);
      const text = statement.text.replaceAll(/\s+/g, " ");
      setter = change === "reset" ? undefined : { file: script.file, line, text, isEmptied: change === "emptied" };
    }
  }
  if (setter === undefined || !(setter.isEmptied || isDefined)) return undefined;
  const { file, line, text } = setter;
  const cause = `${file}:${line} says ${text}, and names without a schema are looked up there only.`;
  return error.with({
    hint:
      file === place.file
        ? `${cause} Write the schema before the name.`
        : `${cause} To start each file with clean settings, write into the environment file:\n  build:\n    reset_between_files: true\nor write the schema before the name.`,
    data: { ...error.data, searchPathSetIn: { file, line } },
  });
}
