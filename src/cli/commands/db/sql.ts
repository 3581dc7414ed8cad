import { resolve } from "node:path";
import { COPY_WAYS } from "#database/advice.ts";
import { withDatabase } from "#database/open.ts";
import { readSql } from "#database/read-sql.ts";
import { decodeSql, placeIn, type Script, type SqlText } from "#database/script.ts";
import { ERROR_CODES } from "#errors/codes.ts";
import { ConfitureError } from "#errors/error.ts";
import { reasonOf } from "#files/reason.ts";
import { type CommandContext, defineCommand, GLOBAL_ARGS, type Outcome } from "../../command.ts";
import { openOptions, tellDatabase } from "../../database-options.ts";
import { renderError } from "../../output/diagnostic.ts";
import type { ResultFormat } from "../../output/result-format.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";
import { ResultPrinter } from "../../result-printer.ts";
import { NOT_COMMITTED, readScript, runSql, type SqlRules, tellNotice } from "../../run-sql.ts";

/** How errors name SQL that is in no file. */
const IN_ARGUMENT = "<command line>";
const IN_INPUT = "<standard input>";

export const SQL_ARGS = {
  write: { type: "boolean", description: "on a protected environment: let statements change data (with --yes NAME)" },
  ...PROTECTED_ARGS,
} as const;

export const command = defineCommand({
  args: {
    sql: { type: "positional", required: false, description: "one statement, or several with semicolons" },
    file: {
      type: "string",
      alias: "f",
      valueHint: "FILE",
      description: "read the SQL from a file, or - for standard input",
    },
    ...SQL_ARGS,
    format: {
      ...GLOBAL_ARGS.format,
      options: ["human", "json", "csv"],
      description: "human (a table, as psql prints it), csv, or json for one document on standard output",
    },
  },
  details:
    "Runs statements one by one and stops at the first that fails. Each commits by itself, unless there is a BEGIN before it.\n" +
    "On an environment that says `protected: true` statements may only read, unless --write is given.",
  examples: [
    'confiture db sql "SELECT * FROM users"',
    "confiture db sql -f report.sql --format csv > report.csv",
    'confiture db sql "COPY users FROM STDIN" < users.txt',
    "pg_dump --data-only shop | confiture db sql -f -",
    'confiture db sql -e production --write --yes production "DELETE FROM sessions"',
  ],
  async run(args, context) {
    if (args.write === true) await requirePermission(context, args, "change its data");
    const config = await context.config();
    const rules = { readOnly: config.protected && args.write !== true ? (config.environment ?? "") : undefined };
    const script = readTyped(await sourceOf(args, context), rules);
    if (context.json) requireText(script);
    tellDatabase(context, config);
    const { io, messages, json } = context;
    const gone = new AbortController();
    const signal = AbortSignal.any([io.signal, gone.signal]);
    const format = await formatFor(args.format);
    let printer: ResultPrinter | undefined;
    const options = { ...openOptions(context), signal, onNotice: tellNotice.bind(undefined, messages) };
    const end = async (error?: unknown): Promise<Outcome> => {
      await printer?.end();
      const { failure } = io.stdout;
      const isStopped = io.stdout.closed && !io.signal.aborted;
      // Something that failed by itself is told as it is.
      const isEnded = error === undefined ? failure === undefined : isInterrupted(error);
      if (isStopped && isEnded && printer !== undefined) error = unread(printer, failure);
      // Of a query alone there is nothing to say.
      else if (isInterrupted(error) && printer?.isLastRead === false) error = error.with({ hint: standing(printer) });
      const isQuiet = isStopped && isEnded && failure === undefined && printer?.isLastRead === true;
      return {
        json: printer === undefined || printer.transaction === "none" ? {} : { rolledBack: true },
        ...(json ? { written: "beginning" as const } : {}),
        ...(isQuiet
          ? { exitCode: ERROR_CODES.output_unread.exit }
          : error === undefined
            ? {}
            : { error: error as Error }),
      };
    };
    try {
      await withDatabase(config.target, options, async (database) => {
        const embedded = database.engine === "embedded";
        const onCompleted = args.format === "csv" ? (tag: string) => messages.log(tag) : undefined;
        printer = new ResultPrinter({
          output: io.stdout,
          format,
          embedded,
          onClosed: () => gone.abort(),
          lastWords: () => (printer === undefined ? "" : renderError(unread(printer, undefined), (_, text) => text)),
          ...(onCompleted === undefined ? {} : { onCompleted }),
          // Behind it stand the other members of the document.
          ...(json ? { documentEnd: "]," } : {}),
        });
        if (json) printer.add('{\n  "results": [');
        await runSql(database, script, rules, printer, signal);
        if (printer.transaction !== "none") messages.warn(NOT_COMMITTED);
      });
    } catch (error) {
      if (printer === undefined) throw error;
      return await end(error);
    }
    return await end();
  },
});

/**
 * What became of statements whose results could not be written.
 * @param failure why not; undefined where nobody reads them any more
 */
function unread(printer: ResultPrinter, failure: Error | undefined): ConfitureError {
  const code = failure === undefined ? "output_unread" : "file_unreadable";
  const what =
    failure === undefined
      ? "Nobody reads the results any more"
      : `The results could not be written to standard output (${reasonOf(failure)})`;
  if (printer.isDone && printer.isLast) return new ConfitureError(code, `${what}; every statement was run`);
  return new ConfitureError(code, `${what}, so the rest was not run`, {
    hint: standing(printer),
  });
}

/** What became of the statements of a script that was ended. */
function standing({ isDone }: ResultPrinter): string {
  return isDone
    ? "What was run before is done, but for a transaction that was open."
    : "The statement that was running was ended, and what it did is undone, unless it works outside of transactions. Those before it are done, but for a transaction that was open.";
}

function isInterrupted(error: unknown): error is ConfitureError {
  return error instanceof ConfitureError && error.code === "interrupted";
}

/**
 * A JSON document is text in UTF-8, which not all that COPY writes is.
 * @throws ConfitureError `usage`
 */
function requireText(script: Script): void {
  const other = script.statements.find((statement) => {
    if (statement.words[0] !== "COPY") return false;
    const all = statement.tokens();
    return all.includes("STDOUT") && (all.includes("BINARY") || all.includes("ENCODING"));
  });
  if (other === undefined) return;
  throw new ConfitureError("usage", "COPY with a binary format or an encoding of its own has no place in JSON", {
    location: placeIn(script, other.start),
    hint: "Without --format json, standard output is what COPY writes, byte for byte.",
  });
}

/** As `readScript`; a command of psql's that was typed is one that a shell has, or that has a query. */
function readTyped(source: SqlText, rules: SqlRules): Script {
  try {
    return readScript(source, rules);
  } catch (error) {
    const isTyped = source.file === IN_ARGUMENT || source.file === IN_INPUT;
    if (!isTyped || !(error instanceof ConfitureError) || error.code !== "sql_psql_command") throw error;
    throw error.with({
      hint: /^\s*\\copy\b/m.test(source.text)
        ? COPY_WAYS
        : `Type it at a terminal, into the shell, which has \\d, \\dt, \\df and others: confiture db shell\nOr list the tables with SQL: confiture db sql "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg%' AND schemaname <> 'information_schema'"`,
    });
  }
}

/** @throws ConfitureError `usage`, `file_*`, `interrupted` */
async function sourceOf(
  args: { sql?: string | undefined; file?: string | undefined },
  { io }: CommandContext,
): Promise<SqlText> {
  if ((args.sql === undefined) === (args.file === undefined)) {
    const isPiped = args.sql === undefined && !io.stdin.isTerminal;
    const piped = isPiped ? "To run what comes on standard input: confiture db sql -f -\n" : "";
    throw new ConfitureError("usage", args.sql === undefined ? "No SQL was given" : "There is SQL, and -f as well", {
      hint: `${piped}Either \`confiture db sql "SELECT 1"\`, or a file: \`confiture db sql -f FILE\` (-f - for standard input).`,
    });
  }
  if (args.sql !== undefined) {
    const text = { file: IN_ARGUMENT, text: args.sql };
    if (io.stdin.isTerminal) return text;
    return { ...text, rows: (engine) => (engine === "server" ? io.stdin.pieces(io.signal) : io.stdin.piecesNow()) };
  }
  const file = args.file ?? "";
  // Statements are sent one by one, so that INSERT statements stay by themselves.
  if (file !== "-") return orInput(() => readSql(file, resolve(io.cwd, file), false));
  const bytes = await io.stdin.readAll(io.signal);
  if (bytes === undefined) throw new ConfitureError("interrupted", "Interrupted; nothing was done");
  return { file: IN_INPUT, text: decodeSql(IN_INPUT, bytes) };
}

/** What a pipe of the shell's holds (`<(...)`) can come on standard input. */
function orInput(read: () => SqlText): SqlText {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "file_not_regular") throw error;
    throw error.with({ hint: `${error.hint} Standard input is read as well: -f -` });
  }
}

async function formatFor(name: string): Promise<ResultFormat> {
  switch (name) {
    case "json":
      return new (await import("../../output/result-json.ts")).ResultJson();
    case "csv":
      return new (await import("../../output/result-csv.ts")).ResultCsv();
    default:
      return new (await import("../../output/result-table.ts")).ResultTable();
  }
}
