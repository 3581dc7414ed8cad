import { relative, resolve } from "node:path";
import type { Which } from "#lint/collect.ts";
import { SEVERITIES, type Severity } from "#lint/rule.ts";
import { ConfitureError } from "#errors/error.ts";
import { LIST } from "../arguments.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { projectFiles } from "../compare-options.ts";
import { migrateOptions } from "../migrate-options.ts";
import { findingToJson, renderLint, renderRules, ruleToJson } from "../output/lint.ts";

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
      default: "error",
      description: "exit with 3 for a finding that is at least this severe",
    },
    rules: { type: "boolean", description: "list the rules, and lint nothing" },
  },
  details:
    "Says what a statement does to a database in use, before it runs there: which locks it takes, what waits for them,\n" +
    "what is lost, and the safer way. docs/linting.md explains it, and docs/lint has a page for every rule. With --all,\n" +
    "--since or PATHS, no database is needed.",
  examples: [
    "confiture lint",
    "confiture lint --since git:main",
    "confiture lint db/migrations/012_add_index.sql",
    "confiture lint --all --fail-on warning",
    "confiture lint --rules",
  ],
  async run(args, context) {
    if (args.rules === true) {
      const { RULES } = await import("#lint/registry.ts");
      return { json: { rules: RULES.map(ruleToJson) }, text: renderRules(RULES, context.paint) };
    }
    const { collect } = await import("#lint/collect.ts");
    const { lint } = await import("#lint/lint.ts");
    const { loadParser } = await import("#sql/parser.ts");
    const which = await readWhich(context, args);
    const files = await projectFiles(context);
    const { entries, together } = await collect(files, which, await loadParser());
    const { findings, ignored } = lint(entries, { together });
    const linted = entries.filter(({ isLinted }) => isLinted).map(({ file }) => file.path);
    if (linted.length === 0) context.messages.log(NOTHING[which.kind]);
    const limit = args["fail-on"];
    return {
      json: { files: linted, findings: findings.map(findingToJson), ignored },
      text: renderLint(findings, linted, ignored, context.paint),
      exitCode: findings.some(({ severity }) => isAsSevere(severity, limit)) ? 3 : 0,
    };
  },
});

const NOTHING: Readonly<Record<Which["kind"], string>> = {
  pending: "No migration is pending (--all lints every file)",
  all: "There is no migration and no schema file",
  since: "No migration and no schema file differs from that commit",
  paths: "There is no SQL file below these paths",
};

function isAsSevere(severity: Severity, limit: Severity | "never"): boolean {
  return limit !== "never" && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(limit);
}

interface WhichArgs {
  readonly _: readonly string[];
  readonly all?: boolean | undefined;
  readonly since?: string | undefined;
}

/** @throws ConfitureError `usage`; for pending migrations what connecting to the database throws */
async function readWhich(context: CommandContext, args: WhichArgs): Promise<Which> {
  const paths = args._;
  const given = [paths.length > 0, args.all === true, args.since !== undefined].filter(Boolean).length;
  if (given > 1) throw new ConfitureError("usage", "Give one of PATHS, --all and --since");
  if (args.all === true) return { kind: "all" };
  if (args.since !== undefined) {
    const { readRevision } = await import("#compare/sources/sources.ts");
    return { kind: "since", revision: readRevision("--since", args.since) };
  }
  if (paths.length > 0) {
    const { io, projectDir } = context;
    return { kind: "paths", paths: paths.map((path) => projectPath(projectDir, resolve(io.cwd, path), path)) };
  }
  return { kind: "pending", migrations: await pending(context) };
}

/** Below the project, with forward slashes. */
function projectPath(projectDir: string, absolute: string, given: string): string {
  const path = relative(projectDir, absolute).replaceAll("\\", "/");
  if (path === "") return ".";
  if (path.startsWith("../")) throw new ConfitureError("usage", `${given} lies outside the project`);
  return path;
}

async function pending(context: CommandContext) {
  try {
    const { status } = await import("#migrate/status.ts");
    const { history } = await status(await migrateOptions(context));
    return history.flatMap(({ standing, file }) => (file !== undefined && STILL_TO_RUN.has(standing) ? [file] : []));
  } catch (error) {
    if (!(error instanceof ConfitureError) || (error.exitCode !== 5 && error.code !== "config_not_found")) throw error;
    const hint = "Without a database: confiture lint --since git:main, or confiture lint --all";
    throw error.with({ hint: error.hint === undefined ? hint : `${error.hint}\n${hint}` });
  }
}

const STILL_TO_RUN: ReadonlySet<string> = new Set(["pending", "changed", "out-of-order", "stopped"]);
