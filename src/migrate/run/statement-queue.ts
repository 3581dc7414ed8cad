import { dirname, posix, resolve, sep } from "node:path";
import type { Database } from "#database/database.ts";
import { readSql } from "#database/read-sql.ts";
import { placed } from "#database/place-work.ts";
import { isOneMessage } from "#database/run-script.ts";
import { parseScript, type Script, type SqlText, withoutOwnTransaction } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { isSessionSetting } from "#sql/classify.ts";
import { locateInFile } from "#sql/position.ts";
import type { Statement } from "#sql/statement.ts";
import type { TypeScriptBody } from "../files/body.ts";
import { type GuestEnd, runInGuest } from "../guest/host.ts";
import type { GuestStatement } from "../guest/messages.ts";
import { fromPortable } from "../guest/parameters.ts";
import type { Performer } from "./performer.ts";
import { offsetOfLine, placeInSql } from "./place-in-sql.ts";
import { unitsOf } from "./steps.ts";
import type { LeftOpen } from "../guest/left-open.ts";
import { askedLate, endedItself, placeInStack, thrown } from "../files/typescript.ts";

/** What happens to each piece of work that a TypeScript migration asks for. */
export interface QueueTarget {
  readonly database: Database;
  readonly performer: Performer;
  /** Is called at the end of a run that has asked for no statement at all; may throw. */
  readonly onNothing: () => void;
  /** Ends the wait for a migration, also one that computes for ever. */
  readonly signal: AbortSignal | undefined;
  /** Statements done so far, now and then. */
  readonly onProgress?: ((statements: number) => void) | undefined;
  /** What the migration says of itself: so much is done, of so much. */
  readonly onTold?: ((done: number, total: number | undefined) => void) | undefined;
  /** Is called when all that the migration asks for is on its way to the database, if that is known before the last of it is done. */
  readonly onAllSent?: (() => void) | undefined;
  /** Is given what the migration has left open, to be ended; without it that ends at once. */
  readonly onLeftOpen?: ((left: LeftOpen) => void) | undefined;
  /** Undefined inside a transaction. */
  readonly outside:
    | {
        /** Statements that an earlier run has done. */
        readonly skip: number;
        /** Runs one step and counts it. `work` runs neighbouring statements of it. */
        readonly runStep: (
          statements: readonly Statement[],
          work: (part: readonly Statement[]) => Promise<void>,
        ) => Promise<void>;
      }
    | undefined;
}

/**
 * Runs a TypeScript migration's `up` or `down` and waits for everything it asked for, awaited or not.
 * The first statement that fails fails the migration, even if the migration catches the error: inside a
 * transaction nothing after it can succeed, and outside one nobody could say what was done.
 * @throws ConfitureError `sql_failed` or `migration_failed`, with the place in the file; `interrupted`
 */
export async function runTypeScript(body: TypeScriptBody, target: QueueTarget): Promise<void> {
  const { absolutePath, file, method } = body;
  const queue = new StatementQueue(body, target);
  let end: GuestEnd;
  try {
    end = await runInGuest(
      absolutePath,
      method,
      target.signal,
      (statement) => queue.take(statement),
      () => queue.askedAll(),
    );
  } finally {
    // Nothing may be under way when the transaction is ended.
    await queue.close();
  }
  const { leftOpen } = end;
  if (leftOpen !== undefined && target.onLeftOpen !== undefined) target.onLeftOpen(leftOpen);
  else leftOpen?.end();
  if (queue.failure !== undefined) throw queue.located(end.failedAt);
  const { ended, fault } = end;
  if (ended !== undefined) throw endedItself(file, absolutePath, `${method}() of ${file} never finished`, ended, fault);
  if (fault !== undefined) throw thrown(file, absolutePath, fault, `${method}() of ${file} failed`);
  if (end.late !== undefined) throw askedLate(file, absolutePath, method, end.late, "");
  if (queue.statements === 0) target.onNothing();
}

const WAY_OUT = "Remove it, or control transactions yourself with: transaction = false";

/** So many statements of one migration are news. */
const PROGRESS = 100_000;

/** Milliseconds between two lines of what a migration says about its progress. */
const TELL_AGAIN = 1_000;

/** Runs the statements of a migration one after the other, in the order they were asked for. */
class StatementQueue {
  failure: unknown;
  /** How many were asked for, those of an earlier run among them. */
  statements = 0;
  /** The SQL that failed, where it came from the migration itself. */
  #failed: string | undefined;
  readonly #body: TypeScriptBody;
  readonly #target: QueueTarget;
  #tail: Promise<unknown> = Promise.resolve();
  #steps = 0;
  #toldAt = -Infinity;
  #over = false;
  #hasAskedAll = false;
  /** The numbers of the last statement that was asked for, that was begun, and that is wholly on its way. */
  readonly #last = { asked: 0, begun: 0, sent: 0 };

  constructor(body: TypeScriptBody, target: QueueTarget) {
    this.#body = body;
    this.#target = target;
  }

  /** Rows where a query gave some. */
  take(statement: GuestStatement): Promise<readonly object[] | undefined> {
    this.#last.asked = statement.number;
    const outcome = this.#tail.then(async () => {
      if (this.failure !== undefined) throw this.failure as Error;
      if (this.#over) throw new ConfitureError("migration_failed", "The migration is over");
      this.#last.begun = statement.number;
      try {
        const rows = await this.#perform(statement);
        if (statement.number % PROGRESS === 0) this.#target.onProgress?.(statement.number);
        return rows;
      } catch (error) {
        this.failure = error;
        this.#failed = statement.kind === "file" ? undefined : statement.text;
        throw error;
      }
    });
    this.#tail = outcome.catch(() => {});
    return outcome;
  }

  /** The last statement was asked for. */
  askedAll(): void {
    this.#hasAskedAll = true;
    this.#tellAllSent();
  }

  #tellAllSent(): void {
    const { asked, sent } = this.#last;
    if (this.#hasAskedAll && asked === sent && this.failure === undefined) this.#target.onAllSent?.();
  }

  /** Waits for the statement under way; what was asked for behind it is not begun, unless it was before the migration's end. */
  async close(): Promise<void> {
    this.#over = !this.#hasAskedAll || this.#target.signal?.aborted === true;
    await this.#tail;
  }

  /**
   * The failure with its place in the migration: exact where the SQL stands in the file letter for letter, otherwise the call.
   * @param stack of the call
   */
  located(stack: string | undefined): unknown {
    const { failure } = this;
    if (!(failure instanceof ConfitureError) || failure.code === "connection_lost") return failure;
    const place = placeInStack(stack, this.#body.file, this.#body.absolutePath) ?? { file: this.#body.file };
    if (this.#failed === undefined) {
      const isOfCall = failure.location === undefined || failure.code.startsWith("file_un");
      return isOfCall ? failure.with({ location: place }) : failure;
    }
    return failure.with({ location: this.#placeInSource(failure, place, this.#failed) ?? place });
  }

  async #perform({ kind, text, parameters }: GuestStatement): Promise<readonly object[] | undefined> {
    // The lines of its text are not those of the file.
    const placedHere = <T>(work: () => Promise<T>): Promise<T> => placed(this.#target.database, this.#body.file, work);
    switch (kind) {
      case "execute":
        await placedHere(() => this.#execute(text, parameters.map(fromPortable)));
        return undefined;
      case "query":
        return await placedHere(() => this.#query(text, parameters.map(fromPortable)));
      case "file":
        await this.#executeFile(text);
        return undefined;
      case "progress":
        this.#tell(Number(parameters[0]), parameters[1] === null ? undefined : Number(parameters[1]));
        return undefined;
      case "backfill":
        throw new ConfitureError("migration_failed", "A backfill was asked for where none can run", {
          hint: "Write this.backfill({...}) into up(), as all that the migration does.",
        });
    }
  }

  #tell(done: number, total: number | undefined): void {
    const now = performance.now();
    if (done !== total && now - this.#toldAt < TELL_AGAIN) return;
    this.#toldAt = now;
    this.#target.onTold?.(done, total);
  }

  async #execute(sql: string, parameters: readonly unknown[]): Promise<void> {
    const script = this.#parse({ file: this.#body.file, text: sql });
    if (parameters.length === 0) {
      await this.#run(script);
      return;
    }
    this.#requireNoControl(script);
    const { database, performer } = this.#target;
    await this.#step(script.statements, async () => void (await performer.query(database, script, sql, parameters)));
  }

  async #query(sql: string, parameters: readonly unknown[]): Promise<object[]> {
    const { database, performer, outside } = this.#target;
    const script = this.#parse({ file: this.#body.file, text: sql });
    this.#requireNoControl(script);
    if (outside === undefined || !changesRows(script)) {
      return await performer.query(database, script, sql, parameters);
    }
    if (++this.#steps <= outside.skip) {
      throw new ConfitureError("migration_failed", "This statement was done by an earlier run, and its rows are gone", {
        hint: "It cannot be run from the middle. Do the rest by hand, then record it with --applied.",
      });
    }
    let rows: object[] = [];
    await outside.runStep(script.statements, async () => {
      rows = await performer.query(database, script, sql, parameters);
    });
    return rows;
  }

  async #executeFile(path: string): Promise<void> {
    const absolute = resolve(dirname(this.#body.absolutePath), path);
    const shown = posix.join(posix.dirname(this.#body.file), ...path.split(sep));
    await this.#run(this.#parse(readBeside(absolute, shown, this.#target.outside === undefined)));
  }

  #parse(source: SqlText): Script {
    const script = parseScript(source);
    this.statements += script.statements.length;
    return script;
  }

  async #run(script: Script): Promise<void> {
    const { database, performer, outside } = this.#target;
    if (outside === undefined) {
      const own = withoutOwnTransaction(script, WAY_OUT);
      const running = performer.statements(database, own, own.statements);
      if (performer.sendsAtOnce === true && own.statements.length > 0 && isOneMessage(own)) {
        this.#last.sent = this.#last.begun;
        this.#tellAllSent();
      }
      await running;
      return;
    }
    for (const unit of unitsOf(script)) {
      await this.#step(unit, (part) => performer.statements(database, script, part));
    }
  }

  async #step(statements: readonly Statement[], work: (part: readonly Statement[]) => Promise<void>): Promise<void> {
    const { outside } = this.#target;
    this.#steps++;
    if (outside === undefined) await work(statements);
    else if (this.#steps > outside.skip) await outside.runStep(statements, work);
    // What an earlier run has set went with its session.
    else if (statements.every(isSessionSetting)) await work(statements);
  }

  /** For SQL that goes to the server as it is. */
  #requireNoControl(script: Script): void {
    if (this.#target.outside !== undefined) return;
    if (withoutOwnTransaction(script, WAY_OUT) === script) return;
    throw new ConfitureError("sql_transaction_control", "A transaction inside the migration's own", { hint: WAY_OUT });
  }

  #placeInSource(error: ConfitureError, place: Location, sql: string): Location | undefined {
    const source = readRegularFile(this.#body.absolutePath, this.#body.file).toString();
    const lineStart = offsetOfLine(source, place.line ?? 1);
    const at = source.indexOf(sql, lineStart);
    return at < 0 ? undefined : locateInFile(this.#body.file, source, at + placeInSql(error, sql));
  }
}

function readBeside(absolute: string, shown: string, together: boolean): SqlText {
  try {
    return readSql(shown, absolute, together);
  } catch (error) {
    // What is wrong in the file has a line there.
    if (!(error instanceof ConfitureError) || error.location?.line !== undefined) throw error;
    throw error.with({ hint: "The path is relative to the migration's own folder." });
  }
}

const CHANGES: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);
const READS: ReadonlySet<string> = new Set(["SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN"]);

/** Whether a statement that returns rows may do more than read. A function that writes is not seen. */
function changesRows({ statements }: Script): boolean {
  return statements.some((statement) => {
    const [first = ""] = statement.words;
    return first === "WITH" ? statement.tokens().some((token) => CHANGES.has(token)) : !READS.has(first);
  });
}
