import type { Database, Notice } from "#database/database.ts";
import { runStatements } from "#database/run-script.ts";
import { parseScript, placeIn, type Script, type SqlText } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { copyEnd } from "#sql/effects/exposure.ts";
import type { Statement } from "#sql/statement.ts";
import type { Messages } from "./output/messages.ts";
import type { ResultPrinter } from "./result-printer.ts";

/** What statements may do. */
export interface SqlRules {
  /** Set where they may change nothing: the environment that says so. */
  readonly readOnly: string | undefined;
}

/** Said at the end, where a transaction is open still. */
export const NOT_COMMITTED = "the transaction was not committed, so it is rolled back";

/**
 * Cuts SQL into statements, and refuses what the rules leave no way for.
 * @throws ConfitureError `sql_psql_command`, `sql_unterminated`, `file_conflict_marker`, `protected`
 */
export function readScript(source: SqlText, { readOnly }: SqlRules): Script {
  const script = parseScript(source);
  const wayOut = readOnly === undefined ? undefined : script.statements.find(allowsWriting);
  if (wayOut === undefined) return script;
  throw new ConfitureError("protected", `The environment "${readOnly}" is protected, and this would allow writing`, {
    location: placeIn(script, wayOut.start),
    hint: writingHint(readOnly ?? ""),
  });
}

/** What PostgreSQL does in read-only transactions although it rewrites, locks, or writes files. */
const NO_READING = /^(?:ALTER SYSTEM|CHECKPOINT|CLUSTER|LOCK|REINDEX|REPACK|VACUUM)\b/;

/** Functions that PostgreSQL runs in read-only transactions: lo_export always, the others before version 16. */
const WRITES_LARGE_OBJECT =
  /\b(?:lo_(?:creat|create|export|from_bytea|import|put|truncate|truncate64|unlink)|lowrite)\b/i;

/** Whether a statement says itself that transactions need not be read-only any more, or does more than read in such a one. */
function allowsWriting(statement: Statement): boolean {
  const { words, text } = statement;
  const said = words.join(" ");
  if (/\bREAD WRITE\b/.test(said) || NO_READING.test(said)) return true;
  if (words[0] === "COPY" && copiesOut(statement.tokens())) return true;
  // The transaction that follows may allow itself to write, and no statement of this tool comes before it.
  if (words[0] === "DO" && /\b(?:COMMIT|ROLLBACK)\b/i.test(text)) return true;
  if (WRITES_LARGE_OBJECT.test(text) && (words[0] === "DO" || writesLargeObject(statement.tokens()))) return true;
  // An escaped name can be that of any setting.
  if (words[0] === "SET" && /U&"/i.test(text)) return true;
  // Reading the setting is no harm.
  return /transaction_read_only/i.test(text) && (/set_config/i.test(text) || !/^(?:SHOW|SELECT)$/.test(words[0] ?? ""));
}

/** To a file or a program of the server. */
function copiesOut(tokens: readonly string[]): boolean {
  const end = copyEnd(tokens);
  return end !== undefined && tokens[end.at] === "TO";
}

function writesLargeObject(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => WRITES_LARGE_OBJECT.test(token) && !token.includes("'") && tokens[at + 1] === "(");
}

/**
 * Runs statements one by one, as psql runs a file: each commits by itself, unless there is a transaction around it.
 * @throws ConfitureError `sql_failed` with the place in the file, `interrupted`
 */
export async function runSql(
  database: Database,
  script: Script,
  { readOnly }: SqlRules,
  printer: ResultPrinter,
  signal: AbortSignal,
): Promise<void> {
  const heard: Database = {
    ...database,
    execute: (sql) => database.execute(sql, printer),
    copyIn: (sql, data) => database.copyIn(sql, data, printer),
  };
  const last = script.statements.at(-1);
  for (const [completedStatements, statement] of script.statements.entries()) {
    printer.isLastRead = statement === last && printer.transaction === "none" && READS.test(statement.words[0] ?? "");
    if (signal.aborted) throw new ConfitureError("interrupted", "Interrupted");
    // Each time: a function that was called may have changed it.
    if (readOnly !== undefined && printer.transaction === "none") await database.execute(READ_ONLY);
    try {
      printer.isLast = statement === last;
      printer.isDone = false;
      await runStatements(heard, script, [statement]);
      await printer.show();
    } catch (thrown) {
      printer.failed();
      if (!(thrown instanceof ConfitureError) || thrown.server === undefined) throw thrown;
      // Each was sent by itself.
      const error = thrown.with({ server: { ...thrown.server, completedStatements } });
      const isWriting = error instanceof ConfitureError && error.server?.sqlstate === "25006";
      throw isWriting && readOnly !== undefined ? error.with({ hint: writingHint(readOnly) }) : error;
    }
  }
}

const READS = /^(?:COPY|EXPLAIN|SELECT|SHOW|TABLE|VALUES)$/;

const READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

function writingHint(environment: string): string {
  return `The environment is protected, so that statements may only read. To let them write: --write --yes ${environment}`;
}

/** Prints what the server says beside its results, as psql does. */
export function tellNotice(messages: Messages, { severity, message, detail, hint }: Notice): void {
  const lines = [`${severity}:  ${message}`];
  if (detail !== undefined) lines.push(`DETAIL:  ${detail}`);
  if (hint !== undefined) lines.push(`HINT:  ${hint}`);
  messages.log(lines.join("\n"));
}
