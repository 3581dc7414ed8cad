import { isMissingName, NOT_IN_FUNCTION, transactionObstacle } from "#database/advice.ts";
import { failedStatement } from "#database/run-script.ts";
import { placeIn } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";

import { searchPathChange } from "#sql/search-path.ts";
import type { RunnableBody, SqlBody } from "../files/body.ts";

/** Adds to a failure of a migration in its transaction what the file and the form of the migration tell about it. */
export function explainInTransaction(error: unknown, body: RunnableBody): unknown {
  if (!(error instanceof ConfitureError) || error.server === undefined) return error;
  const hint = body.kind === "sql" ? hintForSql(error, body) : hintForTypeScript(error);
  return hint === undefined ? error : error.with({ hint });
}

function hintForSql(error: ConfitureError, body: SqlBody): string | undefined {
  const { server } = error;
  if (server === undefined) return undefined;
  if (server.sqlstate === "25006") return ownReadOnlyHint(body);
  switch (transactionObstacle(server)) {
    case "set-transaction":
      return "Move it to the beginning of the file: it has to be the first statement of the migration.";
    case "in-function":
      return NOT_IN_FUNCTION;
    case "needs-none": {
      const verb = failedStatement(body.script, error)?.firstWord;
      // Only what CALL and DO run may commit, and only outside a transaction.
      if (server.sqlstate === "2D000" && verb !== "CALL" && verb !== "DO") return undefined;
      return `It cannot run inside a transaction. To run every statement by itself, ${body.howToRunOutside}`;
    }
    case undefined:
      return isMissingName(server) ? searchPathHint(error, body) : undefined;
  }
}

/** Says of a failure to record a migration that the migration itself has made its transaction read-only, where it has. */
export function explainReadOnly(error: ConfitureError, body: RunnableBody, file: string): ConfitureError {
  if (error.server?.sqlstate !== "25006") return error;
  if (body.kind !== "sql") return error.with({ hint: `${error.hint}\n${PERHAPS_OWN}`, location: { file } });
  const hint = ownReadOnlyHint(body);
  return hint === undefined ? error : error.with({ hint, location: { file } });
}

const PERHAPS_OWN = "If the migration runs SET TRANSACTION READ ONLY, leave that out: a migration has to write.";

/** The migration itself may have made its transaction read-only. */
function ownReadOnlyHint({ script, opening }: SqlBody): string | undefined {
  const setter = script.statements.find(
    ({ firstWord, text }) =>
      /\btransaction_read_only\b/i.test(text) ||
      (/^(?:SET|BEGIN|START)$/.test(firstWord ?? "") && /read\s+only|read_only/i.test(text)),
  );
  const isOpening = setter === undefined && opening !== undefined && /read only/i.test(opening);
  if (setter === undefined && !isOpening) return undefined;
  const where = setter === undefined ? "This file" : `Line ${placeIn(script, setter.start).line} of this file`;
  return `${where} makes the transaction read-only. Leave that out: a migration has to write.`;
}

/** The object may be there, but a search_path that the file has emptied before hides it. */
function searchPathHint(error: ConfitureError, { script }: SqlBody): string | undefined {
  const failed = failedStatement(script, error);
  const setter = script.statements.findLast(
    (statement) => failed !== undefined && statement.start < failed.start && searchPathChange(statement) !== undefined,
  );
  if (setter === undefined || searchPathChange(setter) !== "emptied") return undefined;
  const { line } = placeIn(script, setter.start);
  return `Line ${line} of this file empties the search_path, so every name needs its schema: public.name`;
}

function hintForTypeScript({ server }: ConfitureError): string | undefined {
  switch (server === undefined ? undefined : transactionObstacle(server)) {
    case "set-transaction":
      return "Give the class the line transaction = false, and run BEGIN ISOLATION LEVEL ...; ...; COMMIT in one execute().";
    case "in-function":
      return NOT_IN_FUNCTION;
    case "needs-none":
      return "It cannot run inside a transaction. Give the class the line: transaction = false";
    case undefined:
      return undefined;
  }
}
