import { defineCommand } from "../command.ts";
import { projectFiles, REPLAY_ARGS, STRICT_ARGS } from "../compare-options.ts";
import { mayChange } from "../changed-since.ts";
import { placesIn } from "../output/findings.ts";
import { REPORT_ARGS, renderReport, shownFrom } from "../output/reports/render.ts";
import { reportOfVerify } from "../output/reports/of-verify.ts";
import { renderVerify, verifyToJson } from "../output/verify.ts";
import { undoneIn } from "../undone.ts";
import { executable } from "../version.ts";

export const command = defineCommand({
  args: {
    base: {
      type: "string",
      valueHint: "git:REVISION",
      description:
        "check that the schema files of that commit plus the migrations added since give today's schema files, and that its migrations were not changed",
    },
    cache: {
      type: "boolean",
      default: true,
      negativeDescription: "try every migration out, also those that an earlier run has proven (.confiture/.verified)",
    },
    ...STRICT_ARGS,
    ...REPLAY_ARGS,
    ...REPORT_ARGS,
  },
  details:
    "Checks in the embedded PostgreSQL, without a server, that the schema files build in an empty database, that every\n" +
    "migration applies, rolls back exactly and applies again, and that schema files and migrations agree. Exits 3 if any\n" +
    "check fails, or if there are migrations and none of them could be run.",
  examples: [
    "confiture verify",
    "confiture verify --base git:main",
    "confiture verify --format json",
    "confiture verify --format github",
  ],
  async run(args, context) {
    const { verify } = await import("#compare/verify/verify.ts");
    const { fails } = await import("#compare/verify/checks.ts");
    const { readRevision } = await import("#compare/sources/sources.ts");
    const files = await projectFiles(context, args);
    const report = await verify({
      ...files,
      base: args.base === undefined ? undefined : readRevision("--base", args.base),
      mayChange: args.base === undefined ? undefined : await mayChange(context),
      undone: undoneIn(context, files),
      executable: args.cache ? executable() : undefined,
      onStep: context.step,
    });
    const failed = report.checks.some(fails);
    const guide = { places: placesIn(files), aim: context.aim };
    const elsewhere = files.includeDirs[0]?.path ?? files.migrationsDir;
    const findings = () => reportOfVerify(report, guide, elsewhere);
    const script = await renderReport(args.format, findings, shownFrom(context));
    return {
      json: verifyToJson(report, guide),
      ...(script === undefined ? { text: renderVerify(report, guide) } : { script }),
      exitCode: failed || (args.strict === true && report.notCompared > 0) ? 3 : 0,
    };
  },
});
