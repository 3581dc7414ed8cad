import type { TraceOptions } from "#compare/trace/facts.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { Collected } from "#lint/collect.ts";
import type { LintFile } from "#lint/file.ts";
import type { LintOptions, LintResult } from "#lint/lint.ts";
import type { Traced } from "#lint/trace.ts";
import type { Parser } from "#sql/parser.ts";

/** What rules say of files, and of which. */
export interface Judged extends LintResult, Pick<Traced, "failure" | "notReplayed"> {
  readonly linted: readonly LintFile[];
}

export interface JudgeOptions extends Pick<LintOptions, "severities" | "sizes" | "isStandIn"> {
  readonly files: ProjectFiles;
  readonly parser: Parser;
  /** Undefined where nothing is to be run. */
  readonly tracing: Omit<TraceOptions, "migrations" | keyof ProjectFiles> | undefined;
}

/**
 * Lints files that were collected, after their migrations ran in a scratch database.
 * @throws ConfitureError as `traceFiles`
 */
export async function judgeFiles(
  { entries: read, together, migrations }: Collected,
  { files, parser, tracing, ...options }: JudgeOptions,
): Promise<Judged> {
  const [{ lint }, { traceFiles }] = await Promise.all([import("#lint/lint.ts"), import("#lint/trace.ts")]);
  const traced: Traced =
    tracing === undefined
      ? { entries: read, factsOf: undefined, failure: undefined }
      : await traceFiles({ ...files, ...tracing, migrations }, read, parser);
  const { entries, factsOf, failure, notReplayed } = traced;
  return {
    ...lint(entries, { together, ...options, factsOf }),
    linted: entries.filter(({ isLinted }) => isLinted).map(({ file }) => file),
    failure,
    notReplayed,
  };
}
