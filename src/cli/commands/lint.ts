import { resolve } from "node:path";
import type { LintFile } from "#lint/file.ts";
import type { Finding } from "#lint/finding.ts";
import type { Which } from "#lint/collect.ts";
import { SEVERITIES, type Severity } from "#lint/severity.ts";
import { LIST } from "../arguments.ts";
import { type CommandContext, defineCommand, type Outcome } from "../command.ts";
import { projectFiles, REPLAY_ARGS, TRACE_ARGS } from "../compare-options.ts";
import { findingToJson, renderFixed, renderLint, renderRules, ruleToJson } from "../output/lint.ts";
import { nothingRunInWords, notReplayedInWords } from "../output/plan-words.ts";
import { REPORT_ARGS, renderReport, shownFrom } from "../output/reports/render.ts";
import type { Report, ShownPath } from "../output/reports/report.ts";
import { count } from "../output/text.ts";
import { readWhich, withCreated } from "../linted-files.ts";

export const command = defineCommand({
  args: {
    paths: {
      type: "positional",
      required: false,
      valueHint: LIST,
      description: "migrations, schema files or folders of them (default: the migrations that are not applied yet)",
    },
    all: { type: "boolean", description: "all migrations and schema files" },
    since: { type: "string", valueHint: "git:REVISION", description: "those that are not the same in that commit" },
    "fail-on": {
      type: "enum",
      options: [...SEVERITIES, "never"],
      description:
        "exit with 3 for a finding that is at least this severe (default: fail_on of db/lint.yaml, or error)",
    },
    fix: {
      type: "boolean",
      description:
        "rewrite migrations where there is only one way to do it; proven to give the same schema before anything is written",
    },
    "import-ignores": {
      type: "boolean",
      description: "rewrite comments of squawk, eugene and Atlas in these files as comments for this lint",
    },
    trace: {
      type: "boolean",
      default: true,
      negativeDescription: "judge statements by their text alone; run nothing in a scratch database",
    },
    ...REPLAY_ARGS,
    stats: {
      type: "string",
      valueHint: "FILE",
      description:
        "version and sizes of the database, from `confiture migrate stats` (default: those of the environment's)",
    },
    ...TRACE_ARGS,
    rules: { type: "boolean", description: "list the rules, and lint nothing" },
    ...REPORT_ARGS,
  },
  details:
    "Says what a statement does to a database in use, before it runs there: which locks it takes, what waits for them,\n" +
    "what is lost, and the safer way. --rules lists the rules. With --all, --since or PATHS, no database is needed.",
  examples: [
    "confiture lint",
    "confiture lint --since git:main",
    "confiture lint db/migrations/012_add_index.sql",
    "confiture lint --all --fail-on warning",
    "confiture lint --since git:main --format sarif > lint.sarif",
    "confiture lint --fix",
    "confiture lint --rules",
  ],
  async run(args, context) {
    if (args.rules === true) {
      const { RULES } = await import("#lint/registry.ts");
      return { json: { rules: RULES.map(ruleToJson) }, text: renderRules(RULES, context.paint) };
    }
    const [
      { collect },
      { judgeFiles },
      { loadParser },
      { LINT_FILE },
      { readLintSettings },
      { readStatsFile },
      { traceSettings },
    ] = await Promise.all([
      import("#lint/collect.ts"),
      import("../judge-files.ts"),
      import("#sql/parser.ts"),
      import("#config/lint-file.ts"),
      import("../lint-settings.ts"),
      import("#compare/trace/sizes.ts"),
      import("../pending.ts"),
    ]);
    const { io, messages, paint } = context;
    if (args.fixtures !== undefined) {
      const { requireFixtures } = await import("#compare/trace/fixtures.ts");
      requireFixtures(context.projectDir, args.fixtures);
    }
    const { settings, severities } = await readLintSettings(context);
    const given = args.stats === undefined ? undefined : readStatsFile(resolve(io.cwd, args.stats), args.stats);
    const { which, start, edited, sizes = given, isStandIn } = await readWhich(context, args, given);
    const files = await projectFiles(context, args);
    const parser = await loadParser();
    const collected = await collect(files, which, settings.exclude, parser);
    const { excluded, ignored: leftOut } = collected;
    for (const { path, why } of leftOut) messages.warn(`${path} is left out: ${why}`);
    const linted = collected.entries.filter(({ isLinted }) => isLinted).map(({ file }) => file);
    if (excluded.length > 0)
      messages.log(`${count(excluded.length, "file")} left out by ${LINT_FILE}: ${some(excluded)}`);
    if (edited.length > 0) {
      const are = edited.length === 1 ? "is applied and was" : "are applied and were";
      messages.warn(`${some(edited)} ${are} edited since; what is applied is not linted unless it is named`);
    }
    if (linted.length === 0 && excluded.length + edited.length === 0) messages.log(NOTHING[which.kind]);
    if (args["import-ignores"] === true) return await rewriteIgnores(context, linted);
    messages.debug(`${count(settings.rules.size, "rule")} set in ${LINT_FILE}`);
    const tracing = args.trace ? { ...start, ...traceSettings(context, sizes, args.fixtures) } : undefined;
    const known = { severities, sizes, isStandIn };
    const found = await judgeFiles(collected, { ...known, files, parser, tracing });
    if (found.failure !== undefined) messages.warn(nothingRunInWords(found.failure));
    if (found.notReplayed !== undefined) messages.warn(notReplayedInWords(found.notReplayed));
    const done =
      args.fix === true
        ? await (await import("#lint/fix.ts")).fix(files, linted, found.findings, known, parser, new Date())
        : undefined;
    // A rewritten statement may leave other findings, and a new file has its own. What could not be loaded was said before.
    const left =
      done === undefined || done.changed.length === 0
        ? found
        : await judgeFiles(await collect(files, withCreated(which, done.created), settings.exclude, parser), {
            ...known,
            files,
            parser,
            tracing: tracing && { ...tracing, onUnloaded: undefined },
          });
    if (left !== found && left.failure !== undefined) messages.warn(nothingRunInWords(left.failure));
    const { findings, ignored } = left;
    for (const { finding, why } of done?.left ?? []) {
      messages.warn(
        `${finding.location.file}:${finding.location.line ?? 1} is not rewritten (${finding.rule}): ${why}`,
      );
    }
    const limit = args["fail-on"] ?? settings.failOn ?? "error";
    const fails = ({ severity }: Pick<Finding, "severity">): boolean => isAsSevere(severity, limit);
    const { ownLimit } = settings;
    if (ownLimit !== undefined && args["fail-on"] === undefined) {
      const others = ownLimit.others ?? "error";
      const passing = findings.filter((finding) => isAsSevere(finding.severity, others) && !fails(finding));
      if (passing.length > 0) messages.warn(leftToPass(passing.length, ownLimit.origin, limit, others));
    }
    const paths = left.linted.map(({ path }) => path);
    const outcome = {
      json: {
        files: paths,
        findings: findings.map(findingToJson),
        ignored,
        ...(done === undefined ? {} : { changed: done.changed, created: done.created }),
      },
      exitCode: findings.some(fails) ? 3 : 0,
    };
    const shown = shownFrom(context);
    const script = await renderReport(args.format, () => reportOf(findings, paths.map(shown), shown, fails), shown);
    return script === undefined
      ? { ...outcome, text: renderFixed(done) + renderLint(findings, paths, ignored, paint, done?.fixed.length) }
      : { ...outcome, script };
  },
});

/** By file, also those in which nothing was found. */
function reportOf(
  findings: readonly Finding[],
  files: readonly string[],
  shown: ShownPath,
  fails: (finding: Pick<Finding, "severity">) => boolean,
): Report {
  const byFile = new Map<string, Finding[]>(files.map((name) => [name, []]));
  for (const finding of findings) {
    const name = shown(finding.file.path);
    const found = byFile.get(name);
    if (found === undefined) byFile.set(name, [finding]);
    else found.push(finding);
  }
  return {
    command: "lint",
    suites: [...byFile].map(([name, found]) => ({ name, findings: found })),
    fails,
    async rules() {
      const { RULES } = await import("#lint/registry.ts");
      return RULES.map(({ on, ...rule }) => ({ ...rule, isOn: on !== false }));
    },
  };
}

async function rewriteIgnores({ projectDir, messages }: CommandContext, files: readonly LintFile[]): Promise<Outcome> {
  const [{ importIgnores }, { changeFiles }, { readRegularFile }] = await Promise.all([
    import("#lint/import-ignores.ts"),
    import("#files/change.ts"),
    import("#files/read.ts"),
  ]);
  const { comments, changes } = importIgnores(files, ({ path }) =>
    readRegularFile(resolve(projectDir, path), path).toString(),
  );
  await changeFiles(projectDir, changes);
  for (const { file, line, before, after, why } of comments) {
    if (why === undefined) continue;
    messages.warn(
      `${file}:${line} ${after === undefined ? "stays as it is" : "is imported in part"}, because ${why}: ${before}`,
    );
  }
  if (changes.length > 0 && files.some(({ migration }) => migration !== undefined)) {
    messages.log("A migration that is applied already counts as edited now: confiture migrate accept VERSION");
  }
  return {
    json: { imported: comments.map(({ after, why: _why, ...comment }) => ({ ...comment, after: after ?? null })) },
    text: comments
      .flatMap(({ file, line, after }) => (after === undefined ? [] : [`${file}:${line}  ${after}\n`]))
      .join(""),
  };
}

/** The local environment is the default one in continuous integration as well, where passing without a word would be missed. */
function leftToPass(passing: number, origin: string, limit: string, others: string): string {
  const are = passing === 1 ? "finding does" : "findings do";
  return (
    `${passing} ${are} not fail this command, because ${origin} says \`fail_on: ${limit}\` for this environment; ` +
    `elsewhere they do: --fail-on ${others}, or another --env`
  );
}

const NOTHING: Readonly<Record<Which["kind"], string>> = {
  pending: "No migration is pending (--all lints every file)",
  all: "There is no migration and no schema file",
  since: "No migration and no schema file differs from that commit",
  paths: "There is no SQL file below these paths",
};

function isAsSevere(severity: Severity, limit: Severity | "never"): boolean {
  return limit !== "never" && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(limit);
}

/** The first of many. */
function some(paths: readonly string[]): string {
  return paths.length <= 3 ? paths.join(", ") : `${paths.slice(0, 3).join(", ")} and ${paths.length - 3} more`;
}
