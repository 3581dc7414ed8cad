import { existsSync } from "node:fs";
import { join } from "node:path";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { FIXTURES, projectFiles, REPLAY_ARGS } from "../../compare-options.ts";
import { placesIn } from "../../output/findings.ts";
import { renderTest, testToJson } from "../../output/verify.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: false, description: "the migration's version (default: all)" },
    fixtures: {
      type: "string",
      valueHint: "DIR",
      description: `SQL files with rows, loaded before a migration is tried (default: ${FIXTURES}, if it is there)`,
    },
    "allow-drop": { type: "boolean", description: "report lost data as a warning instead of failing" },
    ...REPLAY_ARGS,
  },
  details:
    "Tries migrations out in the embedded PostgreSQL, with no server: up, down (which has to give the same database as\n" +
    "before) and up again. With fixtures, it reports which rows and values are lost. Exits 3 if a check fails, data is\n" +
    "lost or no migration could be run.",
  examples: ["confiture migrate test", "confiture migrate test 003", "confiture migrate test --fixtures db/seeds"],
  async run(args, context) {
    const { testMigrations } = await import("#compare/verify/migration-test.ts");
    const { fails } = await import("#compare/verify/checks.ts");
    const files = await projectFiles(context, args);
    const isThere = existsSync(join(context.projectDir, FIXTURES));
    const report = await testMigrations({
      ...files,
      version: readVersion("VERSION", args.version),
      fixturesDir: args.fixtures ?? (isThere ? FIXTURES : undefined),
      onStep: context.step,
    });
    const guide = { places: placesIn(files), aim: context.aim };
    const lost = report.losses.length > 0 && args["allow-drop"] !== true;
    return {
      json: testToJson(report, guide),
      text: renderTest(report, guide),
      exitCode: fails(report.check) || lost ? 3 : 0,
    };
  },
});
