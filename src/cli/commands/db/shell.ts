import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COPY_WAYS } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { readSql } from "#database/read-sql.ts";
import type { SqlText } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { appendPrivateLine, lastLines } from "#files/private-lines.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { databaseName, openOptions, tellDatabase } from "../../database-options.ts";
import { renderError, toConfitureError } from "../../output/diagnostic.ts";
import { ResultExpanded } from "../../output/result-expanded.ts";
import { ResultTable } from "../../output/result-table.ts";
import { forPeople, paintFor } from "../../output/style.ts";
import { formatDuration } from "../../output/text.ts";
import { fit } from "../../output/wrap.ts";
import { requirePermission } from "../../protected.ts";
import { ResultPrinter } from "../../result-printer.ts";
import { NOT_COMMITTED, readScript, runSql, type SqlRules, tellNotice } from "../../run-sql.ts";
import {
  descriptionOf,
  type FoundRelation,
  isAskingForHelp,
  isLeaving,
  readShellCommand,
  SHELL_HELP,
  titleOf,
  wayOutOfStatement,
} from "../../shell-commands.ts";
import { ShellInput } from "../../shell-input.ts";
import { command as sql, SQL_ARGS } from "./sql.ts";

const HISTORY = ".confiture_history";
const HISTORY_LINES = 1000;
const TYPED = "<input>";
/** Milliseconds between two requests to cancel. */
const CANCEL_AGAIN = 200;

export const command = defineCommand({
  args: SQL_ARGS,
  details:
    "A prompt for SQL: statements end with a semicolon, \\? lists the commands, Ctrl-C cancels the running statement, Ctrl-D ends.\n" +
    `Input is kept in ~/${HISTORY}, except statements with the word password. Where standard input is no terminal, it works\n` +
    "as `confiture db sql -f -`.",
  examples: ["confiture db shell", "confiture db shell -e staging", "echo 'SELECT 1' | confiture db shell"],
  async run(args, context) {
    const { io, messages, json } = context;
    if (!io.stdin.isTerminal) return await sql.run({ ...args, file: "-" } as never, context);
    if (json)
      throw new ConfitureError("usage", "A shell at a terminal has no JSON", { hint: "See: confiture db sql --help" });
    if (args.write === true) await requirePermission(context, args, "change its data");
    const config = await context.config();
    const rules = { readOnly: config.protected && args.write !== true ? (config.environment ?? "") : undefined };
    const options = { ...openOptions(context), onNotice: tellNotice.bind(undefined, messages) };
    await withDatabase(config.target, options, async (database) => {
      tellDatabase(context, config);
      messages.log("\\? for help, \\q to quit");
      await new Shell(context, database, rules, config.environment ?? databaseName(config.target)).run();
    });
    return { json: {}, text: "" };
  },
});

class Shell {
  readonly #context: CommandContext;
  readonly #database: Database;
  readonly #rules: SqlRules;
  readonly #name: string;
  readonly #printer: ResultPrinter;
  readonly #input = new ShellInput();
  /** Lines that are not in the history yet. */
  #typed: string[] = [];
  #timing = false;
  #isBusy = false;

  constructor(context: CommandContext, database: Database, rules: SqlRules, name: string) {
    this.#context = context;
    this.#database = database;
    this.#rules = rules;
    this.#name = name;
    const embedded = database.engine === "embedded";
    this.#printer = new ResultPrinter({ output: context.io.stdout, format: new ResultTable(), embedded });
  }

  async run(): Promise<void> {
    const { io, messages } = this.#context;
    const historyFile = io.homeDirectory === "" ? undefined : join(io.homeDirectory, HISTORY);
    let history: string[] = [];
    try {
      if (historyFile !== undefined) history = lastLines(historyFile, HISTORY_LINES);
    } catch (error) {
      messages.warn(`the history cannot be read: ${toConfitureError(error).message}`);
    }
    const onInterrupt = (): void => void this.#cancel();
    const editor = await io.stdin.edit({ history, onInterrupt });
    io.signal.addEventListener("abort", () => editor.close());
    try {
      for (;;) {
        const line = await editor.read(this.#prompt());
        if (line === undefined) {
          io.stderr.write("\n");
          if (io.signal.aborted) throw new ConfitureError("interrupted", "Interrupted");
          this.#warnOfLoss();
          return;
        }
        if (line === null) {
          this.#input.clear();
          this.#typed = [];
          continue;
        }
        // A statement of the embedded engine keeps this thread, so that only the system can end it.
        editor.letSignals(this.#database.engine === "embedded");
        const goesOn = await this.#take(line, historyFile).finally(() => editor.letSignals(false));
        if (!goesOn) {
          this.#warnOfLoss();
          return;
        }
      }
    } finally {
      editor.close();
    }
  }

  #prompt(): string {
    const state = { none: "", open: "*", failed: "!" }[this.#printer.transaction];
    return `${this.#name}${this.#input.isOpen ? "-" : "="}${state}> `;
  }

  #warnOfLoss(): void {
    if (this.#printer.transaction !== "none") this.#context.messages.warn(NOT_COMMITTED);
  }

  /** Keeps the lines that were typed, once their statement is whole: each of them may hold a password that another names. */
  #remember(file: string | undefined): void {
    const lines = this.#typed.filter((line) => line.trim() !== "");
    this.#typed = [];
    if (file === undefined || lines.length === 0 || /password/i.test(lines.join("\n"))) return;
    try {
      appendPrivateLine(file, lines.join("\n"));
    } catch {
      // A history is a convenience: a folder that cannot be written is no reason to stop.
    }
  }

  /** @returns false for the end */
  async #take(line: string, historyFile: string | undefined): Promise<boolean> {
    this.#typed.push(line);
    const { isOpen, isQuoted } = this.#input;
    if (line.trimStart().startsWith("\\") && !isQuoted) {
      // The statement around it goes into the history as a whole.
      if (isOpen) this.#typed.pop();
      else this.#remember(historyFile);
      return await this.#command(line.trim());
    }
    if (isOpen) {
      const way = wayOutOfStatement(line, isQuoted);
      if (way !== undefined) this.#context.messages.log(way);
    } else {
      if (isLeaving(line)) return false;
      if (isAskingForHelp(line)) return await this.#command("\\?");
    }
    const text = this.#input.add(line);
    if (!this.#input.isOpen) this.#remember(historyFile);
    if (text !== undefined) await this.#attempt(() => this.#run({ file: TYPED, text }));
    return true;
  }

  async #command(line: string): Promise<boolean> {
    const { io, messages } = this.#context;
    const asked = readShellCommand(line);
    switch (asked.kind) {
      case "quit":
        return false;
      case "help":
        io.stdout.write(forPeople(SHELL_HELP));
        return true;
      case "timing":
        this.#timing = !this.#timing;
        messages.log(`Timing is ${this.#timing ? "on" : "off"}.`);
        return true;
      case "file":
        if (this.#input.isOpen) {
          messages.warn("a statement is open: end it with a semicolon before \\i");
          return true;
        }
        await this.#attempt(() => this.#run(readSql(asked.path, resolve(io.cwd, asked.path), false)));
        return true;
      case "expanded": {
        const isExpanded = this.#printer.format instanceof ResultExpanded;
        this.#printer.format = isExpanded ? new ResultTable() : new ResultExpanded();
        messages.log(`Expanded display is ${isExpanded ? "off" : "on"}.`);
        return true;
      }
      case "list":
        await this.#attempt(async () => {
          if (!(await this.#list(asked.query))) messages.log(asked.none);
        });
        return true;
      case "describe":
        await this.#attempt(async () => {
          const relations = await this.#database.query<FoundRelation>(asked.query);
          if (relations.length === 0) messages.log(asked.none);
          for (const relation of relations) await this.#describe(relation);
        });
        return true;
      case "unknown":
        messages.warn(
          asked.name === "copy"
            ? `\\copy is a command of psql. Leave the shell:\n${COPY_WAYS}`
            : `there is no command \\${asked.name}; \\? lists them`,
        );
        return true;
    }
  }

  /** A request that finds the server between two statements is lost, so it is made again until the work has ended. */
  async #cancel(): Promise<void> {
    while (this.#isBusy) {
      await this.#database.cancel();
      await sleep(CANCEL_AGAIN, undefined, { ref: false });
    }
  }

  async #run(source: SqlText): Promise<void> {
    const script = readScript(source, this.#rules);
    await runSql(this.#database, script, this.#rules, this.#printer, this.#context.io.signal);
  }

  /** Shows what one of the shell's own queries finds; false, and nothing is shown, where that is nothing. */
  async #list(query: string): Promise<boolean> {
    const [row] = await this.#database.query<{ found: boolean }>(`select exists (${query}) as found`);
    if (row?.found !== true) return false;
    await this.#run({ file: TYPED, text: query });
    return true;
  }

  async #describe(relation: FoundRelation): Promise<void> {
    this.#printer.add(`${titleOf(relation)}\n`);
    for (const query of descriptionOf(relation)) await this.#list(query);
  }

  /** An error is told, and the shell goes on. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    const { io, messages } = this.#context;
    const started = performance.now();
    this.#isBusy = true;
    try {
      await work();
    } catch (thrown) {
      const error = toConfitureError(thrown);
      await this.#printer.flush();
      if (error.code === "connection_lost" || io.signal.aborted) throw error;
      const paint = paintFor(io.stderr, "auto", io.env);
      io.stderr.write(fit(io.stderr, forPeople(renderError(this.#context.aim(error), paint))));
    } finally {
      this.#isBusy = false;
    }
    await this.#printer.flush();
    if (this.#timing) messages.log(`Time: ${formatDuration(performance.now() - started)}`);
  }
}
