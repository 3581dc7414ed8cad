import { resolve } from "node:path";
import { requireFixtures } from "#compare/trace/fixtures.ts";
import { readStatsFile } from "#compare/trace/sizes.ts";
import { changedSince } from "#compare/sources/changed-since.ts";
import { migrationsSince, type ProjectFiles, readRevision } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { writeFile } from "#files/change.ts";
import { plannedOf, planToApprove } from "#migrate/approval/approved-plan.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { loadWithinLimit } from "#compare/runs/within-limit.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { askNamedObjects } from "#migrate/approval/named-objects.ts";
import { askPlannedDatabase } from "#migrate/approval/planned-database.ts";
import { foreseeLimits } from "../../above-limits.ts";
import { readCount, readVersion } from "../../arguments.ts";
import { mayChange } from "../../changed-since.ts";
import { type CommandContext, defineCommand, GLOBAL_ARGS } from "../../command.ts";
import { projectFiles, REPLAY_ARGS, TRACE_ARGS } from "../../compare-options.ts";
import { findPending, tracePending } from "../../pending.ts";
import { pendingLosses } from "#migrate/warnings/pending-losses.ts";
import { contractsByThemselves, migrateOptions } from "../../migrate-options.ts";
import { inLine } from "../../output/visible.ts";
import { type OutputFile, requireOutputFile } from "../../output-file.ts";
import { planEnvironment } from "../../plan-environment.ts";
import { planToJson } from "../../output/plan-json.ts";
import { planToMarkdown } from "../../output/plan-markdown.ts";
import { renderPlan } from "../../output/plan.ts";
import { hasFailure } from "../../output/plan-words.ts";

const PLAN_FILE: OutputFile = {
  option: "--out",
  other: "no plan",
  isOwn: (beginning) => /^\{\s*"format":\s*"confiture-plan"/.test(beginning),
  example: "plan.json",
};

/**
 * As where a database is asked: what it has, and does not know again, stops it.
 * @throws ConfitureError `history_edited`, `history_missing` or `history_squashed`
 */
async function requireUnchanged(
  context: CommandContext,
  files: ProjectFiles,
  revision: string,
  allowMissing: boolean,
): Promise<void> {
  const isPermitted = await mayChange(context);
  for (const changed of await changedSince(files, revision)) {
    if (isPermitted(changed) || (allowMissing && changed.error.code === "history_missing")) continue;
    if (!changed.isSameWayUp) throw changed.error;
    context.messages.warn(changed.error.message);
  }
}

export const command = defineCommand({
  args: {
    to: { type: "string", valueHint: "VERSION", description: "plan up to and including this version" },
    steps: { type: "string", valueHint: "N", description: "plan at most this many" },
    since: {
      type: "string",
      valueHint: "git:REVISION",
      description: "plan what this commit does not have (git), without asking a database",
    },
    out: {
      type: "string",
      valueHint: "FILE",
      description: "write down what was planned, for `confiture migrate up --plan`",
    },
    stats: {
      type: "string",
      valueHint: "FILE",
      description: "sizes of tables, from `confiture migrate stats` (default: those of the database)",
    },
    ...TRACE_ARGS,
    contract: {
      type: "string",
      valueHint: "NAME",
      description: "also plan the contract of this change, or several with commas between them",
    },
    "allow-out-of-order": { type: "boolean", description: "also plan migrations older than the newest applied one" },
    "allow-missing": { type: "boolean", description: "continue even if the file of an applied migration is missing" },
    ...REPLAY_ARGS,
    format: {
      ...GLOBAL_ARGS.format,
      options: ["human", "json", "markdown"],
      description: "human, json for one document, or markdown for a pull request (at most 60,000 characters)",
    },
  },
  details:
    "Runs what is pending in a scratch database whose tables have a few rows, and shows for each statement which locks it\n" +
    "takes and holds, whom they keep waiting, what is rewritten, read, built and lost, and on which rows it fails. The\n" +
    "database itself is only asked what is applied, and how large its tables are. A contract that waits is left out, unless\n" +
    "--contract names it. Exits 3 if a statement cannot run.",
  examples: [
    "confiture migrate plan",
    "confiture migrate plan --env production --out plan.json",
    "confiture migrate plan --since git:main --stats stats.json --format markdown",
  ],
  async run(args, context) {
    const files = await projectFiles(context, args);
    if (args.fixtures !== undefined) requireFixtures(context.projectDir, args.fixtures);
    const given = args.stats === undefined ? undefined : readStatsFile(resolve(context.io.cwd, args.stats), args.stats);
    const limits = {
      to: readVersion("--to", args.to),
      steps: readCount("--steps", args.steps),
      allowOutOfOrder: args["allow-out-of-order"],
      allowMissing: args["allow-missing"],
      command: "plan" as const,
      contracts: args.contract?.split(","),
    };
    /** As the environment has it, which need not be there for --since. */
    const asUp = async (): Promise<Parameters<typeof findPending>[1]> => ({
      ...limits,
      contractsByThemselves: contractsByThemselves(await context.config()),
    });
    if (args.since !== undefined && (limits.to ?? limits.steps ?? limits.contracts) !== undefined) {
      throw new ConfitureError("usage", "--since goes without --to, --steps and --contract");
    }
    if (args.since !== undefined && args.out !== undefined) {
      throw new ConfitureError("usage", "--out needs the database that it is for, and --since asks none");
    }
    if (args.since !== undefined) {
      await requireUnchanged(context, files, readRevision("--since", args.since), args["allow-missing"] === true);
    }
    if (args.out !== undefined) {
      requireOutputFile(context.projectDir, args.out, await context.config("files"), PLAN_FILE);
    }
    const { migrations, applied, otherwise, sizes, all, history, held } =
      args.since === undefined
        ? await findPending(context, await asUp(), given)
        : {
            migrations: await migrationsSince(files, readRevision("--since", args.since)),
            applied: undefined,
            otherwise: undefined,
            sizes: given,
            all: [],
            history: [],
            held: [],
          };
    for (const { migration, why } of held) {
      context.messages.log(
        `Left out, as \`up\` would leave it out: ${inLine(migrationId(migration))} waits ${inLine(why)}`,
      );
    }
    const trace =
      migrations.length === 0
        ? { migrations: [], serverVersion: 0, withoutRows: [], leftOut: [] }
        : await tracePending(context, files, { migrations, applied, otherwise, sizes }, args.fixtures, true);
    const config = await context.config("files");
    const losses =
      config.protected && args.since === undefined
        ? await pendingLosses(await migrateOptions(context), await asUp())
        : undefined;
    const above = foreseeLimits(config, trace, sizes, losses);
    const plan = { trace, sizes, aim: context.aim, above };
    const failed = hasFailure(trace);
    if (args.out !== undefined) {
      // What cannot run is not to be approved.
      if (failed) context.messages.warn(`${args.out} was not written: what is planned cannot run`);
      else {
        const loaded: LoadedMigration[] = [];
        for (const file of all) loaded.push(await loadWithinLimit(files, file));
        // What was traced is what was looked at: a file may have changed since.
        const traced = new Map(trace.migrations.map((migration) => [migration.file.version, migration]));
        const looked = loaded.map((migration) => traced.get(migration.file.version) ?? plannedOf(migration));
        const options = await migrateOptions(context);
        const made = {
          environment: planEnvironment(await context.config()),
          database: await askPlannedDatabase(options),
          named: await askNamedObjects(loaded, options),
        };
        const approved = planToApprove(made, history, looked);
        await writeFile(context.projectDir, args.out, `${JSON.stringify(approved, null, 2)}\n`);
        const what = all.length === 0 ? "nothing, for nothing is pending" : "exactly this";
        context.messages.log(`Wrote ${args.out}: confiture migrate up --plan ${shellWord(args.out)} runs ${what}`);
      }
    }
    return {
      // The document of a long migration takes more memory than all the rest.
      json: context.json ? { ...planToJson(plan), out: failed ? null : (args.out ?? null) } : {},
      ...(args.format === "markdown"
        ? { script: planToMarkdown(plan) }
        : { text: renderPlan(plan, context.paint, context.io.stdout.columns) }),
      exitCode: failed ? 3 : 0,
    };
  },
});
