import { ConfitureError } from "#errors/error.ts";
import { codePointOffset, locateInFile } from "#sql/position.ts";
import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { adviceForWord } from "./advice.ts";
import { lacksRows } from "./copied-rows.ts";
import type { Database } from "./database.ts";
import { type LongSql, slices } from "./long-sql.ts";
import { placedIn } from "./place-work.ts";
import { placeIn, type Script } from "./script.ts";
import { bytesBefore, sqlToSend } from "./sql-to-send.ts";

/** UTF-16 units of a message: on its way to the server a text is copied several times. */
const MESSAGE = 1 << 20;

/** UTF-16 units, or bytes, from which on memory that is not needed any more is given back before more is taken. */
const LARGE = 8 << 20;

/** Whether `runStatements` sends all of the script at once, before it waits for anything. */
export function isOneMessage(script: Script): boolean {
  const [first] = script.statements;
  const last = script.statements.at(-1);
  if (first === undefined || last === undefined) return true;
  return !isTooLong(script, first, last) && script.statements.every(({ copyData }) => copyData === undefined);
}

function isTooLong({ outline }: Script, first: Statement, last: Statement): boolean {
  if (outline === undefined) return last.end - first.start > MESSAGE;
  const { from, to } = outline.range(first.start, last.end);
  return to - from > MESSAGE;
}

/**
 * Runs the statements (a run of neighbours from `script.statements`) with few round trips: one for each megabyte
 * of text, and one more for each COPY block. More than one statement needs a transaction around them.
 * @throws ConfitureError `sql_failed` with the place in the file
 */
export async function runStatements(
  database: Database,
  script: Script,
  statements: readonly Statement[] = script.statements,
): Promise<void> {
  let batch: Statement[] = [];
  const left = leftOutOf(database, script, statements);
  if (left.length > 0) {
    script = { ...script, omitted: [...(script.omitted ?? []), ...left] };
    statements = statements.filter((statement) => !left.includes(statement));
  }
  for (const statement of statements) {
    const { copyData } = statement;
    if (copyData !== undefined || isTooLong(script, batch[0] ?? statement, statement)) {
      await runBatch(database, script, batch);
      batch = [];
    }
    if (copyData === undefined) batch.push(statement);
    else await runCopy(database, script, statement, copyData);
  }
  await runBatch(database, script, batch);
}

/** What a session would leave out of SQL that it is only given piece by piece. */
function leftOutOf({ leavesOut }: Database, { outline }: Script, statements: readonly Statement[]): Statement[] {
  if (outline === undefined || leavesOut === undefined) return [];
  const left = statements.filter((statement) => leavesOut.why(statement) !== undefined);
  for (const statement of left) leavesOut.tell(statement);
  return left;
}

async function runBatch(database: Database, script: Script, batch: readonly Statement[]): Promise<void> {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined) return;
  const sql = sqlToSend(script, first.start, last.end);
  // Rather now than together with what the server's answers or the embedded engine take.
  if (sql.length > LARGE) Bun.gc(true);
  try {
    await placedIn(database, script, batch, () => database.execute(sql));
  } catch (error) {
    throw locateFailure(error, script, batch, sql);
  }
}

async function runCopy(
  database: Database,
  script: Script,
  statement: Statement,
  data: { readonly start: number; readonly end: number },
): Promise<void> {
  const { outline } = script;
  const text = script.text.slice(statement.start, statement.end);
  const rows = lacksRows(script, statement) ? script.rows?.(database.engine) : undefined;
  try {
    const pieces = outline?.source.passing(outline.data(data.start)) ?? slices(script.text, data.start, data.end);
    await placedIn(database, script, [statement], () => database.copyIn(text, rows ?? pieces));
  } catch (error) {
    const located = locateFailure(error, script, [statement], text);
    if (rows !== undefined || !(located instanceof ConfitureError) || located.server?.position !== undefined)
      throw located;
    // "COPY users, line 3, column id": the line is counted from the first line of data.
    const line = Number(/, line (\d+)/.exec(located.server?.context ?? "")?.[1] ?? 0);
    if (line === 0) throw located;
    const location =
      outline?.source.locateLine(outline.data(data.start).from, line) ??
      locateInFile(script.file, script.text, offsetOfLine(script.text, data.start, line));
    throw located.with({ location });
  }
}

/** The statement of a script that a failure of it is about; undefined where its place is not known. */
export function failedStatement(script: Script, { location }: ConfitureError): Statement | undefined {
  if (location?.line === undefined || location.file !== script.file || script.outline !== undefined) return undefined;
  const line = offsetOfLine(script.text, 0, location.line);
  const at = line + codePointOffset(script.text.slice(line), location.column ?? 1);
  return script.statements.findLast(({ start }) => start <= at);
}

function offsetOfLine(text: string, start: number, line: number): number {
  let at = start;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf("\n", at);
    if (next < 0) break;
    at = next + 1;
  }
  return at;
}

/** The text of all statements of a script that is one message; undefined for one that is only read while it is sent. */
export function messageOf(script: Script): string | undefined {
  const [first] = script.statements;
  const last = script.statements.at(-1);
  if (first === undefined || last === undefined) return "";
  const sql = sqlToSend(script, first.start, last.end);
  return typeof sql === "string" ? sql : undefined;
}

/**
 * Adds the place in the file to a server's error: its position if it gave one, otherwise the statement
 * that failed.
 */
function locateFailure(error: unknown, script: Script, batch: readonly Statement[], sent: string | LongSql): unknown {
  const [first] = batch;
  if (!(error instanceof ConfitureError) || error.code !== "sql_failed" || first === undefined) return error;
  const { position, completedStatements = 0 } = error.server ?? {};
  const { outline } = script;
  if (outline !== undefined) {
    const before =
      typeof sent === "string"
        ? Buffer.byteLength(sent.slice(0, offsetOfFailure(sent, position, completedStatements)))
        : bytesBefore(sent, position ?? 1);
    return error.with({ location: outline.source.locate(outline.byteAt(first.start) + before) });
  }
  const offset =
    position === undefined || typeof sent !== "string"
      ? (batch[completedStatements] ?? first).start
      : first.start + codePointOffset(sent, position);
  const hint = error.hint ?? (typeof sent === "string" ? adviceForWord(error.server, sent) : undefined);
  return error.with({ location: placeIn(script, offset), hint });
}

/** A statement of the outline may stand for several. */
function offsetOfFailure(sent: string, position: number | undefined, completed: number): number {
  return position === undefined
    ? (splitStatements(sent).statements[completed]?.start ?? 0)
    : codePointOffset(sent, position);
}
