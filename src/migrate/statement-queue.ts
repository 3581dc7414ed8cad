import { dirname, posix, resolve, sep } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Database } from "#database/database.ts";
import { decodeSql, parseScript, runStatements, type Script, withoutOwnTransaction } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { isSessionSetting } from "#sql/classify.ts";
import { codePointOffset, locateInFile } from "#sql/position.ts";
import type { Statement } from "#sql/statement.ts";
import type { TypeScriptBody } from "./body.ts";
import { emptyMigration } from "./empty.ts";
import { connectMigration, type StatementSink } from "./migration.ts";
import { unitsOf } from "./steps.ts";
import { collectStrayRejections } from "./stray-rejections.ts";
import { placeInStack, thrown } from "./typescript.ts";

/** What happens to each piece of work that a TypeScript migration asks for. */
export interface QueueTarget {
  readonly database: Database;
  /** Whether a run that asks for no statement at all is a failure. */
  readonly requireStatement: boolean;
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
 * @throws ConfitureError `sql_failed` or `migration_failed`, with the place in the file
 */
export async function runTypeScript(body: TypeScriptBody, target: QueueTarget): Promise<void> {
  const queue = new StatementQueue(body, target);
  const migration = body.create();
  connectMigration(migration, queue);
  const failures: unknown[] = [];
  const stray = await collectStrayRejections(async () => {
    try {
      await migration[body.method]?.();
    } catch (cause) {
      failures.push(cause);
    }
    await queue.drain();
  });
  if (queue.failure !== undefined) throw queue.failure;
  failures.push(...stray);
  if (failures.length > 0) {
    throw thrown(body.file, body.absolutePath, failures[0], `${body.method}() of ${body.file} failed`);
  }
  if (target.requireStatement && queue.statements === 0) throw emptyMigration(body.file);
}

const WAY_OUT = "Remove it, or control transactions yourself with: transaction = false";

class StatementQueue implements StatementSink {
  failure: Error | undefined;
  /** How many were asked for, those of an earlier run among them. */
  statements = 0;
  readonly #body: TypeScriptBody;
  readonly #target: QueueTarget;
  #tail: Promise<unknown> = Promise.resolve();
  #asked = 0;
  #steps = 0;
  #over = false;

  constructor(body: TypeScriptBody, target: QueueTarget) {
    this.#body = body;
    this.#target = target;
  }

  execute(sql: string, parameters: readonly unknown[]): Promise<void> {
    const call = new Error("called here");
    return this.#enqueue(call, sql, async () => {
      const script = this.#parse(this.#body.file, sql);
      if (parameters.length === 0) return await this.#run(script);
      this.#requireNoControl(script);
      await this.#step(script.statements, async () => void (await this.#target.database.query(sql, parameters)));
    });
  }

  query<Row extends object>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const call = new Error("called here");
    return this.#enqueue(call, sql, async () => {
      const { database, outside } = this.#target;
      const script = this.#parse(this.#body.file, sql);
      this.#requireNoControl(script);
      if (outside === undefined || !changesRows(script)) return await database.query<Row>(sql, parameters);
      if (++this.#steps <= outside.skip) {
        throw new ConfitureError(
          "migration_failed",
          "This statement was done by an earlier run, and its rows are gone",
          {
            hint: "It cannot be run from the middle. Do the rest by hand, then record it with --applied.",
          },
        );
      }
      let rows: Row[] = [];
      await outside.runStep(script.statements, async () => {
        rows = await database.query<Row>(sql, parameters);
      });
      return rows;
    });
  }

  executeFile(path: string): Promise<void> {
    const call = new Error("called here");
    const absolute = resolve(dirname(this.#body.absolutePath), path);
    const shown = posix.join(posix.dirname(this.#body.file), ...path.split(sep));
    return this.#enqueue(call, undefined, async () => {
      let bytes: Uint8Array;
      try {
        bytes = readRegularFile(absolute, shown);
      } catch (error) {
        if (!(error instanceof ConfitureError)) throw error;
        throw error.with({
          hint: "The path is relative to the migration's own folder.",
          location: this.#placeOf(call),
        });
      }
      await this.#run(this.#parse(shown, decodeSql(shown, bytes)));
    });
  }

  /** Waits until nothing is under way, also for what is asked for by code that nobody awaits. */
  async drain(): Promise<void> {
    let seen: number;
    do {
      seen = this.#asked;
      await this.#tail;
      await nextTurn();
    } while (seen !== this.#asked);
    this.#over = true;
  }

  #enqueue<T>(call: Error, sql: string | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#over) {
      return Promise.reject(
        new ConfitureError("migration_failed", "A statement was asked for after the migration had finished", {
          hint: "Await asynchronous work inside up() and down().",
          location: this.#placeOf(call),
        }),
      );
    }
    this.#asked++;
    const outcome = this.#tail.then(async () => {
      if (this.failure !== undefined) throw this.failure;
      try {
        return await work();
      } catch (error) {
        const failure = this.#locate(error, call, sql);
        this.failure = failure;
        throw failure;
      }
    });
    // The runner reports the failure; an `await` that was forgotten must not end the process.
    this.#tail = outcome.catch(() => {});
    outcome.catch(() => {});
    return outcome;
  }

  #parse(file: string, sql: string): Script {
    const script = parseScript(file, sql);
    this.statements += script.statements.length;
    return script;
  }

  async #run(script: Script): Promise<void> {
    const { database, outside } = this.#target;
    if (outside === undefined) {
      await runStatements(database, withoutOwnTransaction(script, WAY_OUT));
      return;
    }
    for (const unit of unitsOf(script)) {
      await this.#step(unit, (part) => runStatements(database, script, part));
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

  #placeOf(call: Error): Location {
    return placeInStack(call, this.#body.file, this.#body.absolutePath) ?? { file: this.#body.file };
  }

  /**
   * The place in the migration: exact where the SQL stands in the file letter for letter, otherwise the call.
   */
  #locate(error: unknown, call: Error, sql: string | undefined): Error {
    if (!(error instanceof ConfitureError)) return error instanceof Error ? error : new Error(String(error));
    if (error.code === "connection_lost") return error;
    const place = this.#placeOf(call);
    if (sql === undefined) return error.location === undefined ? error.with({ location: place }) : error;
    return error.with({ location: this.#placeInSource(error, place, sql) ?? place });
  }

  #placeInSource(error: ConfitureError, place: Location, sql: string): Location | undefined {
    const source = readRegularFile(this.#body.absolutePath, this.#body.file).toString();
    const lineStart = offsetOfLine(source, place.line ?? 1);
    const at = source.indexOf(sql, lineStart);
    return at < 0 ? undefined : locateInFile(this.#body.file, source, at + placeInSql(error, sql));
  }
}

/** The offset of an error in the text of one call. */
function placeInSql({ location, server }: ConfitureError, sql: string): number {
  if (location?.line !== undefined) {
    const lineStart = offsetOfLine(sql, location.line);
    return lineStart + codePointOffset(sql.slice(lineStart), location.column ?? 1);
  }
  return server?.position === undefined ? 0 : codePointOffset(sql, server.position);
}

function offsetOfLine(text: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) at = text.indexOf("\n", at) + 1;
  return at;
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
