import { reportedName } from "#sql/quote.ts";
import { ConfitureError } from "#errors/error.ts";
import type { SyncTable } from "#sync/plan.ts";
import type { SyncPreview } from "#sync/run/report.ts";
import { defineCommand } from "../../command.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import { renderReport } from "../../output/sync.ts";
import { detailOf } from "../../output/sync-proof.ts";
import { renderPreview } from "../../output/sync-preview.ts";
import { confirmReplacement } from "../../confirm-replacement.ts";
import { ABOUT_SYNC_KEY } from "../../sync-key.ts";
import { JOBS, readSides, SYNC_ARGS } from "../../sync-options.ts";

export const command = defineCommand({
  args: {
    ...SYNC_ARGS,
    "dry-run": { type: "boolean", description: "print what would be copied, then every query, and change nothing" },
    jobs: { type: "string", valueHint: "N", description: `streams at a time (default: ${JOBS})` },
    anonymize: {
      type: "boolean",
      description: "replace values as the rules say (the default); the opposite of --plain",
    },
    "skip-large-objects": { type: "boolean", description: "leave large objects out, which are refused otherwise" },
    "skip-extension-tables": {
      type: "boolean",
      description: "leave rows in tables of extensions out, which are refused otherwise",
    },
    yes: { type: "string", valueHint: "NAME", description: "confirm by naming the environment that is replaced" },
  },
  details:
    "Reads one moment of the source, replaces values as the rules in db/sync say while they are still on the source, and makes\n" +
    "of it a new database that takes the target's place when it is complete and no check of it has failed. The report says what\n" +
    "could not be checked. A copy that fails leaves the target as it was, unless the role may not create databases: then the target\n" +
    "is emptied first. The target's environment has to say `sync: {replace: true}` and must not be protected.\n" +
    ABOUT_SYNC_KEY,
  examples: [
    "confiture sync --from production --to staging",
    "confiture sync --from production --to staging --dry-run",
    "confiture sync --from production --to staging --yes staging --format json",
  ],
  async run(args, context) {
    const jobs = readJobs(args.jobs);
    if (args.plain === true && args.anonymize === true) {
      throw new ConfitureError("usage", "--plain and --anonymize exclude each other");
    }
    const sides = await readSides(context, args, args["dry-run"] === true ? "preview" : "copy", {
      jobs,
      skipLargeObjects: args["skip-large-objects"] === true,
      skipExtensionTables: args["skip-extension-tables"] === true,
    });
    const { from, to, options } = sides;
    context.messages.log(`From: ${databasePlace(from.target)} (environment: ${from.environment ?? ""})`);
    const [{ previewSync, runSync }, { tellBefore }] = await Promise.all([
      import("#sync/run/run.ts"),
      import("#sync/run/tell-before.ts"),
    ]);
    if (args["dry-run"] === true) {
      const preview = await previewSync(options);
      const { tables, digest } = preview.plan;
      const { warnings, notes } = preview.about;
      return {
        json: {
          applied: false,
          rules: digest,
          tables: tables.map((table) => tableToJson(table, preview)),
          warnings,
          notes,
        },
        text: renderPreview(preview, context.io.stdout.columns),
      };
    }
    context.messages.log(`To: ${databasePlace(to.target)} (environment: ${to.environment ?? ""})`);
    // Nobody has to say yes to a copy that the rules do not allow.
    const told =
      args.yes === undefined && args.plain !== true ? await tellBefore(options) : { warnings: [], notes: [] };
    // Nor to one into a database that is not there.
    if (args.yes === undefined && to.target.engine === "server") {
      const { openDatabase } = await import("#database/open.ts");
      await (await openDatabase(to.target, openOptions(context))).close();
    }
    await confirmReplacement(context, sides, args.yes);
    // The source may have changed while the question stood, so that it is looked at again, and what is new is told.
    const report = await runSync({ ...options, told });
    const { plan, tables, durations, ...rest } = report;
    return {
      json: {
        applied: true,
        rules: plan.digest,
        reproducible: plan.reproducible,
        tables: tables.map((table) => ({ ...table, duration: Math.round(table.duration) })),
        ...rest,
        durations: Object.fromEntries(Object.entries(durations).map(([part, took]) => [part, Math.round(took)])),
      },
      text: renderReport(report, to.environment ?? "", detailOf(context.messages.level)),
    };
  },
});

function tableToJson(
  { schema, name, mode, columns, query, where }: SyncTable,
  { chosen, sizes }: SyncPreview,
): Readonly<Record<string, unknown>> {
  const shown = reportedName(schema, name);
  const there = sizes.find((size) => size.schema === schema && size.name === name)?.rows ?? null;
  return {
    table: shown,
    mode,
    where: where ?? null,
    rows: chosen.get(shown) ?? null,
    sourceRows: where === undefined ? null : there,
    columns: columns.map((column) => ({
      name: column.name,
      treatment: column.treatment,
      transform: column.transform ?? null,
    })),
    query,
  };
}

function readJobs(text: string | undefined): number {
  if (text === undefined) return JOBS;
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= 64) return jobs;
  throw new ConfitureError("usage", `--jobs takes a number from 1 to 64, not "${text}"`);
}
