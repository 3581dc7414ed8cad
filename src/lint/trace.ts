import type { MigrationFacts, StatementFacts, Trace, TraceOptions } from "#compare/trace/facts.ts";
import { traceMigrations } from "#compare/trace/trace.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Parser } from "#sql/parser.ts";
import type { FileProblem, LintFile, LintStatement } from "./file.ts";
import type { Entry } from "./lint.ts";
import { withAsked } from "./typescript-statements.ts";

/** Files with what was seen when their statements ran in a scratch database. */
export interface Traced {
  readonly entries: readonly Entry[];
  /** Undefined where nothing was run. */
  readonly factsOf: ((statement: LintStatement) => StatementFacts | undefined) | undefined;
  /** Why nothing could be traced. */
  readonly failure: ConfitureError | undefined;
  /** As of `Trace`. */
  readonly notReplayed?: ConfitureError | undefined;
}

/**
 * Runs the migrations in a scratch database, and adds what was seen to their files: statements that fail, and the statements
 * of TypeScript migrations, which only come to be when these run.
 * @throws ConfitureError `interrupted`, or that there can be no scratch database
 */
export async function traceFiles(options: TraceOptions, entries: readonly Entry[], parser: Parser): Promise<Traced> {
  const untraced = { entries, factsOf: undefined, failure: undefined };
  if (options.migrations.length === 0) return untraced;
  let trace: Trace;
  try {
    trace = await traceMigrations(options);
  } catch (error) {
    // Something that comes before cannot run here, or a file is broken: what its text tells is said all the same.
    if (!(error instanceof ConfitureError) || UNUSABLE.has(error.code)) throw error;
    return { ...untraced, failure: error };
  }
  // Without a base, what the first migration alters may be made by hand, or by schema files.
  const mayLack = options.otherwise === undefined && entries.every(({ isLinted }) => isLinted);
  const byPath = new Map(trace.migrations.map((facts) => [facts.file.path, facts]));
  const known = new Map<LintStatement, StatementFacts>();
  const added = entries.map((entry): Entry => {
    const facts = byPath.get(entry.file.path);
    return facts === undefined || !entry.isLinted
      ? entry
      : { ...entry, file: withFacts(entry.file, facts, mayLack, parser, known) };
  });
  return {
    entries: added,
    factsOf: (statement) => known.get(statement),
    failure: undefined,
    notReplayed: trace.notReplayed,
  };
}

/** What stops a command rather than a trace. */
const UNUSABLE: ReadonlySet<string> = new Set(["interrupted", "internal", "scratch_unusable", "embedded_failed"]);

function withFacts(
  file: LintFile,
  facts: MigrationFacts,
  mayLack: boolean,
  parser: Parser,
  known: Map<LintStatement, StatementFacts>,
): LintFile {
  const isTypeScript = file.migration?.form === "typescript";
  const traced = isTypeScript ? withAsked(file, facts, parser) : file;
  const byStart = new Map(traced.statements.map((statement) => [statement.span.start, statement]));
  const problems: FileProblem[] = isTypeScript && facts.statements.length > 0 ? [] : [...traced.problems];
  const following: FileProblem[] = [];
  for (const [index, statement] of facts.statements.entries()) {
    const own = isTypeScript ? traced.statements[index] : byStart.get(statement.span?.start ?? -1);
    if (own !== undefined) known.set(own, statement);
    const found = problemsOf(statement, own, mayLack);
    if (statement.how.kind === "not-traced" && statement.how.follows === true) following.push(...found);
    else problems.push(...found);
  }
  problems.push(...once(following));
  if (facts.hasBranches) {
    problems.push({
      rule: "opaque-block",
      message:
        "This TypeScript has branches: statements that they did not lead to with the rows made up here were not seen",
      how: "measured",
      location: { file: file.path },
    });
  }
  const failure = facts.error && saidBy(facts.error);
  const said = problems.some(({ message }) => message === failure);
  const isRefused = problems.some(({ rule }) => REFUSALS.has(rule));
  if (facts.error !== undefined && failure !== undefined && !said && !isRefused) {
    const { hint, location } = facts.error;
    problems.push({
      rule: "statement-fails",
      message: failure,
      how: "measured",
      fix: hint,
      location: location ?? { file: file.path },
    });
  }
  return { ...traced, problems };
}

/** What one statement that did not run brings about for all behind it is said once a file. */
function once(following: readonly FileProblem[]): FileProblem[] {
  const [first, ...others] = following;
  if (first === undefined || others.length === 0) return [...following];
  const more = others.length === 1 ? "was 1 more statement" : `were ${others.length} more statements`;
  return [{ ...first, message: `${first.message}; so ${more} of this file` }];
}

const REFUSALS: ReadonlySet<string> = new Set([
  "concurrently-in-transaction",
  "transaction-control",
  "not-runnable",
  "statement-fails",
  "fails-on-rows",
]);

function problemsOf(facts: StatementFacts, statement: LintStatement | undefined, mayLack: boolean): FileProblem[] {
  const { error, how, place } = facts;
  if (error === undefined) {
    return how.kind === "not-traced"
      ? [
          {
            rule: "not-traced",
            message: `Judged by its text alone, without being run: ${how.reason}`,
            location: place,
            statement,
          },
        ]
      : [];
  }
  const location = error.error.location ?? place;
  const { message, hint, server } = error.error;
  if (mayLack && MISSING.has(error.sqlstate ?? "")) {
    const why = `the database before the first migration cannot be built here (${message})`;
    return [
      { rule: "not-traced", message: `Judged by its text alone, without being run: ${why}`, location, statement },
    ];
  }
  if (error.onRows === undefined) {
    const rule = error.sqlstate === UNSAFE_NEW_ENUM_VALUE ? "enum-value-used-at-once" : "statement-fails";
    return [{ rule, message: saidBy(error.error), how: "measured", fix: hint ?? server?.hint, location, statement }];
  }
  const { table, example, whose, isEvery } = error.onRows;
  const where = table === undefined ? "" : ` of ${table}`;
  // That a constraint refuses some rows is what it is there for; where it refuses all of them, one is enough.
  const isConstraint = error.sqlstate?.startsWith("23") === true && !isEvery;
  return [
    {
      rule: "fails-on-rows",
      how: "measured",
      severity: isConstraint ? "note" : undefined,
      message: `This works without rows${where}, and fails on ${isEvery ? "every row" : whose}: ${message}${example === message ? "" : ` (${example})`}`,
      fix: isConstraint
        ? "Look for such rows in production before"
        : isEvery
          ? "Give the column a default, or add it without the constraint and fill it in an earlier migration"
          : "Clean up such rows in an earlier migration. If production cannot have any, say why in this one: -- confiture:ignore fails-on-rows REASON",
      location,
      statement,
    },
  ];
}

/** With PostgreSQL's detail, which names what stands in the way. */
function saidBy({ message, server }: ConfitureError): string {
  return server?.detail === undefined ? message : `${message} (${server.detail.replace(/\.$/, "")})`;
}

/** Undefined table, column, function, object and schema. */
const MISSING: ReadonlySet<string> = new Set(["42P01", "42703", "42883", "42704", "3F000"]);

const UNSAFE_NEW_ENUM_VALUE = "55P04";
