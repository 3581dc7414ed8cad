import { isMissingName, NOT_IN_FUNCTION, type TransactionObstacle, transactionObstacle } from "#database/advice.ts";
import { failedStatement, placeIn, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { searchPathChange } from "#sql/search-path.ts";
import { findDefinition, missingObject } from "./definitions.ts";

const OBSTACLES: Readonly<Record<TransactionObstacle, string>> = {
  "needs-none":
    "The whole build is one transaction. Leave CONCURRENTLY out (nobody waits on a new database), or run every statement by itself with --no-transaction.",
  "set-transaction": "Remove it: the whole build is one transaction, on a database that nobody else uses yet.",
  "in-function": NOT_IN_FUNCTION,
};

/** The build that failed, as far as it matters here; see `ExecuteOptions`. */
interface FailedBuild {
  readonly files: readonly string[];
  readonly resetBetweenFiles: boolean;
  readonly transaction: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What an interrupted build leaves. */
export function interruption({ transaction }: Pick<FailedBuild, "transaction">): string {
  return transaction
    ? "Interrupted; the build was rolled back"
    : "Interrupted; the statements that were done stay done";
}

/**
 * Adds what the project's files tell about a failure.
 * @param read a file of the schema, which is read once more
 */
export function explainFailure(error: unknown, options: FailedBuild, read: (file: string) => Script): unknown {
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
    (name === undefined ? undefined : explainOrder(error, place, name, options.files, read)) ??
    explainSearchPath(error, place, name, options, read) ??
    error
  );
}

interface Place {
  readonly file: string;
  readonly line: number;
}

/** The object is made further down. */
function explainOrder(
  error: ConfitureError,
  place: Place,
  name: string,
  files: readonly string[],
  read: (file: string) => Script,
): ConfitureError | undefined {
  for (const later of files.slice(files.indexOf(place.file))) {
    const script = read(later);
    const definition = findDefinition(script, name);
    if (definition === undefined) continue;
    const line = placeIn(script, definition.start).line ?? 0;
    if (later === place.file && line <= place.line) continue;
    return error.with({
      hint:
        later === place.file
          ? `"${name}" is created further down, in line ${line}. Move it up.`
          : `"${name}" is created in ${later}:${line}, which sorts after this file. Rename files or folders so that it comes first.`,
      data: { ...error.data, definedIn: { file: later, line } },
    });
  }
  return undefined;
}

/** The object may be there, but a SET search_path before has hidden it. */
function explainSearchPath(
  error: ConfitureError,
  place: Place,
  name: string | undefined,
  { files, resetBetweenFiles }: FailedBuild,
  read: (file: string) => Script,
): ConfitureError | undefined {
  const until = files.indexOf(place.file);
  let isDefined = false;
  let setter: (Place & { readonly text: string; readonly isEmptied: boolean }) | undefined;
  for (const file of files.slice(0, until + 1)) {
    if (resetBetweenFiles) setter = undefined;
    const script = read(file);
    isDefined ||= name !== undefined && findDefinition(script, name) !== undefined;
    for (const statement of script.statements) {
      const change = searchPathChange(statement);
      if (change === undefined) continue;
      if (file === place.file && statement.start >= (failedStatement(script, error)?.start ?? 0)) break;
      const line = placeIn(script, statement.start).line ?? 0;
      const text = statement.text.replaceAll(/\s+/g, " ");
      setter = change === "reset" ? undefined : { file, line, text, isEmptied: change === "emptied" };
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
