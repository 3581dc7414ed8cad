import { defineCommand } from "../command.ts";
import { projectFiles, SCRATCH_ARGS, STRICT_ARGS } from "../compare-options.ts";
import { placesIn } from "../output/findings.ts";
import { renderVerify, verifyToJson } from "../output/verify.ts";

export const command = defineCommand({
  args: {
    base: {
      type: "string",
      valueHint: "git:REVISION",
      description: "prove that the schema files of that commit and the migrations added since give those of now",
    },
    ...STRICT_ARGS,
    ...SCRATCH_ARGS,
  },
  details:
    "Proves in the embedded PostgreSQL, with no server: the schema files build from nothing; every migration applies,\n" +
    "rolls back exactly and applies again; schema files and migrations agree. Exits 3 if any check fails.",
  examples: ["confiture verify", "confiture verify --base git:main", "confiture verify --format json"],
  async run(args, context) {
    const { verify } = await import("#compare/verify/verify.ts");
    const { readRevision } = await import("#compare/sources/sources.ts");
    const files = await projectFiles(context, args.scratch);
    const report = await verify({
      ...files,
      base: args.base === undefined ? undefined : readRevision("--base", args.base),
      onStep: (step) => context.messages.debug(step),
    });
    const disproven = report.checks.some(({ outcome }) => outcome === "disproven");
    const guide = { places: placesIn(files), aim: context.aim };
    return {
      json: verifyToJson(report, guide),
      text: renderVerify(report, guide),
      exitCode: disproven || (args.strict === true && report.notCompared > 0) ? 3 : 0,
    };
  },
});
