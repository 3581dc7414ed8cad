import { join } from "node:path";
import { decodeSql, placeIn, type Script } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { giveBackMemory } from "#compare/engine/memory.ts";
import { readRegularFile } from "#files/read.ts";
import type { Body } from "#migrate/files/body.ts";
import { loadMigration, waysOfText } from "#migrate/files/load.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { transactionControl } from "#sql/classify.ts";
import type { Parser } from "#sql/parser.ts";
import { codePointOffset } from "#sql/position.ts";
import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { commentsInSql } from "./comments.ts";
import { commentsInTypeScript } from "./typescript-comments.ts";
import type { FileProblem, LintFile, LintStatement, Transaction } from "./file.ts";
import { Forms, textToParse } from "./forms.ts";

/** After so many statements, or one of so many UTF-16 units, what reading them has left behind is looked at. */
const BREATH = 1000;
const LONG = 1 << 20;

/**
 * Reads the way up of a migration for the rules. What is wrong with it is told in `problems`; whatever can be read of it
 * is there all the same.
 */
export async function readMigration(projectDir: string, migration: MigrationFile, parser: Parser): Promise<LintFile> {
  const { path } = migration;
  if (migration.form === "typescript") {
    const message = "TypeScript makes its SQL when it runs, so rules about the text of statements do not see it";
    const source = readRegularFile(join(projectDir, path), path).toString();
    return {
      ...withoutStatements(path, "migration", migration, { rule: "not-traced", message, location: { file: path } }),
      hasMore: true,
      comments: commentsInTypeScript(path, source),
    };
  }
  try {
    const { up, down } = await loadMigration(projectDir, migration);
    if (up.kind === "sql") return sqlFile(migration, up.script, up.transactional, [], parser, down);
    if (up.kind === "typescript") throw new Error("a SQL migration cannot be TypeScript");
    return refused(projectDir, migration, up.error, parser);
  } catch (error) {
    return unreadable(path, "migration", migration, error);
  }
}

/** Reads SQL that is no migration of the project as if it were one; `file` says how it is cut. */
export function readLoose(file: MigrationFile, text: string, parser: Parser): LintFile {
  const { up, down } = waysOfText(file, text);
  if (up.kind === "sql") return sqlFile(file, up.script, up.transactional, [], parser, down);
  if (up.kind === "typescript") throw new Error("SQL cannot be TypeScript");
  return asFarAsItGoes(file, text, up.error, parser);
}

/** The mark that makes a file a migration of this tool, wherever it lies. */
const OWN_MARK = /^--\s*migrate:up\b/m;

/** What the runner refuses about transactions is no matter to psql, which knows none but the file's own. */
const OF_THE_RUNNER: ReadonlySet<string> = new Set(["migration_mixed", "sql_transaction_control"]);

/**
 * Reads a SQL file that is neither migration nor schema file as `psql -f` would run it: every statement commits by itself, or
 * with what the file's own BEGIN and COMMIT enclose, and nothing is set that the file does not set. With the mark of a migration it is
 * read as one.
 */
export function readScript(path: string, text: string, parser: Parser): LintFile {
  const name = path.split("/").at(-1)!;
  const file: MigrationFile = { version: "", name, form: "sql", layout: "confiture", path };
  if (OWN_MARK.test(text)) return readLoose(file, text, parser);
  // Its own BEGIN and COMMIT stay in it.
  const { up } = waysOfText({ ...file, transaction: false }, text);
  if (up.kind === "sql") return sqlFile({ path, kind: "migration" }, up.script, false, [], parser);
  const refusals = up.kind === "refused" && !OF_THE_RUNNER.has(up.error.code) ? [problemOf(up.error, path)] : [];
  const { statements } = splitStatements(text);
  const script: Script = { file: path, text, statements, psqlCommands: [] };
  return sqlFile({ path, kind: "migration" }, script, false, refusals, parser);
}

/** Reads a schema file for the rules, as `readMigration` does a migration. */
export function readSchemaFile(projectDir: string, path: string, parser: Parser): LintFile {
  try {
    const text = decodeSql(path, readRegularFile(join(projectDir, path), path));
    const { statements } = splitStatements(text);
    return sqlFile({ path, kind: "schema" }, { file: path, text, statements, psqlCommands: [] }, true, [], parser);
  } catch (error) {
    return unreadable(path, "schema", undefined, error);
  }
}

/** The rule under which the runner's refusal is reported. */
function ruleOf({ code }: ConfitureError): string {
  switch (code) {
    case "migration_mixed":
      return "concurrently-in-transaction";
    case "sql_transaction_control":
      return "transaction-control";
    default:
      return "not-runnable";
  }
}

function problemOf(error: ConfitureError, path: string): FileProblem {
  const { message, hint, location } = error;
  return { rule: ruleOf(error), message, fix: hint, location: location ?? { file: path } };
}

function refused(projectDir: string, migration: MigrationFile, error: ConfitureError, parser: Parser): LintFile {
  const { path } = migration;
  if (migration.form === "foreign") return withoutStatements(path, "migration", migration, problemOf(error, path));
  return asFarAsItGoes(migration, decodeSql(path, readRegularFile(join(projectDir, path), path)), error, parser);
}

/** All that is above the way back, for a file that the runner refuses. */
function asFarAsItGoes(migration: MigrationFile, text: string, error: ConfitureError, parser: Parser): LintFile {
  const back = /^--\s*migrate:down\b/m.exec(text)?.index ?? text.length;
  const { statements } = splitStatements(text, 0, back);
  const script: Script = { file: migration.path, text, statements, psqlCommands: [] };
  return sqlFile(migration, script, true, [problemOf(error, migration.path)], parser);
}

function unreadable(
  path: string,
  kind: LintFile["kind"],
  migration: MigrationFile | undefined,
  error: unknown,
): LintFile {
  if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
  return withoutStatements(path, kind, migration, problemOf(error, path));
}

/** What stands for a file that is not there any more. */
export function goneFile(path: string, problem: FileProblem): LintFile {
  return withoutStatements(path, "migration", undefined, problem);
}

function withoutStatements(
  path: string,
  kind: LintFile["kind"],
  migration: MigrationFile | undefined,
  problem: FileProblem,
): LintFile {
  const location = { file: path };
  return {
    path,
    kind,
    migration,
    text: "",
    isOutline: false,
    statements: [],
    hasMore: false,
    comments: [],
    wayBack: undefined,
    problems: [problem],
    locate: () => location,
  };
}

function sqlFile(
  source: MigrationFile | Pick<LintFile, "path" | "kind">,
  script: Script,
  transactional: boolean,
  refusals: readonly FileProblem[],
  parser: Parser,
  down?: Body,
): LintFile {
  const migration = "version" in source ? source : undefined;
  const problems = [...refusals];
  const statements: LintStatement[] = [];
  const forms = new Forms(parser);
  for (const { statement, transaction } of inTransactions(script, transactional)) {
    const made = lintStatement(statement, transaction, forms);
    transaction.statements.push(made);
    statements.push(made);
    if (statements.length % BREATH === 0 || made.text.length > LONG) giveBackMemory();
    if (made.node === undefined && textToParse(statement) !== undefined) {
      const complaint = parser.complaint(made.text);
      // Only comments, or nothing that PostgreSQL would call a statement.
      if (complaint === undefined) continue;
      const location = placeIn(script, statement.start + codePointOffset(made.text, complaint.position + 1));
      // What has no end is why the runner refuses the file, too.
      if (refusals.some((refusal) => isSamePlace(refusal.location, location))) continue;
      problems.push({
        rule: "syntax-error",
        message: `PostgreSQL's parser says: ${complaint.message}. No other rule looked at this statement`,
        location,
        statement: made,
      });
    }
  }
  const { text } = script;
  const locate: LintFile["locate"] = (offset) => placeIn(script, offset);
  return {
    path: source.path,
    kind: "version" in source ? "migration" : source.kind,
    migration,
    text,
    isOutline: script.outline !== undefined,
    statements,
    hasMore: false,
    comments: commentsInSql(text, locate),
    wayBack: down?.kind === "sql" ? down.script.statements : undefined,
    problems,
    locate,
  };
}

function isSamePlace(one: Location, other: Location): boolean {
  return one.line !== undefined && one.line === other.line && one.column === other.column;
}

/** Each statement with the transaction that it runs in. */
function inTransactions(
  script: Script,
  transactional: boolean,
): { readonly statement: Statement; readonly transaction: Transaction }[] {
  const { statements, parts } = script;
  if (parts !== undefined) {
    return parts.flatMap((part) => {
      const transaction: Transaction = { kind: "own", statements: [] };
      return part.map((statement) => ({ statement, transaction }));
    });
  }
  if (transactional) {
    const transaction: Transaction = { kind: "runner", statements: [] };
    return statements.map((statement) => ({ statement, transaction }));
  }
  let own: Transaction | undefined;
  return statements.map((statement) => {
    const verb = transactionControl(statement);
    if (verb === "BEGIN" || verb === "START TRANSACTION") own = { kind: "own", statements: [] };
    const transaction = own ?? { kind: "none", statements: [] };
    if (verb === "COMMIT" || verb === "END" || verb === "ROLLBACK" || verb === "ABORT") own = undefined;
    return { statement, transaction };
  });
}

function lintStatement(statement: Statement, transaction: Transaction, forms: Forms): LintStatement {
  return {
    span: { start: statement.start, end: statement.end },
    text: statement.text,
    words: statement.words,
    ...forms.of(statement),
    transaction,
  };
}
