import type { ArgsDef } from "citty";
import { asGiven } from "../as-given.ts";
import { defineCommand } from "../command.ts";
import {
  filesBeside,
  readSource,
  readTerms,
  REPLAY_ARGS,
  STRICT_ARGS,
  tellLimits,
  TERMS_ARGS,
} from "../compare-options.ts";
import { tellDatabase } from "../database-options.ts";
import { AS_MIGRATED } from "../lacking-of-schema.ts";
import { changeToJson, listChanged, renderChanges } from "../output/changes.ts";
import { placesIn } from "../output/findings.ts";
import { reportOfChanges } from "../output/reports/of-changes.ts";
import { inLine } from "../output/visible.ts";
import { stoppedThere } from "../stopped-there.ts";
import { REPORT_ARGS, renderReport, shownFrom } from "../output/reports/render.ts";
import type { Report } from "../output/reports/report.ts";
import type { Change } from "#compare/catalogue/changes.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { requireOneForm, scriptOf, shownPlanToJson, showPlan, warnByHand } from "../shown-plan.ts";

/** What shapes the answer. */
const SHAPING = {
  against: {
    type: "string",
    valueHint: "SOURCE",
    description:
      "what it should be: schema, migrations, git:REVISION, a snapshot file (default: the schema files without pending migrations)",
  },
  ignore: {
    type: "string",
    valueHint: "GLOBS",
    description:
      "objects to ignore: comma-separated globs, added to drift.ignore (audit.*, or by kind: index:public.*)",
  },
  ...TERMS_ARGS,
  ...REPLAY_ARGS,
} as const satisfies ArgsDef;

export const command = defineCommand({
  args: {
    against: SHAPING.against,
    ignore: SHAPING.ignore,
    sql: {
      type: "boolean",
      description: "print the SQL that makes the database what it should be, as it was run in a scratch database",
    },
    ...TERMS_ARGS,
    ...STRICT_ARGS,
    ...REPLAY_ARGS,
    ...REPORT_ARGS,
  },
  details:
    "Finds what someone changed by hand: compares the database in use, which is only read, with what its ledger says it\n" +
    "should be, built in a scratch database on the same server. Exits 3 if they differ.",
  examples: [
    "confiture drift --env production",
    "confiture drift --env production --sql",
    "confiture drift --env production --against git:v1.4 --format json",
  ],
  async run(args, context) {
    requireOneForm(args);
    const { findDrift } = await import("#compare/drift.ts");
    const config = await context.config();
    const { target, drift } = config;
    tellDatabase(context, config);
    const files = await filesBeside(context, args, target);
    const given = (args.ignore ?? "").split(",").filter((pattern) => pattern !== "");
    const against = args.against === undefined ? undefined : await readSource(context, args.against);
    const {
      changes,
      notCompared,
      pending,
      unrecorded,
      stopped,
      isOfMigrations,
      ofMigrations,
      gap,
      expected,
      ...limits
    } = await findDrift({
      ...files,
      target,
      against,
      terms: readTerms(args),
      ignore: [...drift.ignore, ...given],
      onStep: context.step,
    });
    const limited = tellLimits(context, limits, notCompared);
    if (pending.length > 0)
      context.messages.log(
        against === undefined
          ? `Not applied there yet, so not counted as drift: ${pending.join(", ")}`
          : `Not applied there yet, and counted where --against holds what it brings: ${pending.join(", ")}`,
      );
    if (stopped.length > 0) context.messages.warn(stoppedThere(stopped));
    if (unrecorded.length > 0) {
      const one = unrecorded.length === 1;
      context.messages.warn(
        `nothing is recorded there, and ${unrecorded.map(inLine).join(", ")} ${one ? "was" : "were"} squashed into base.sql: \`confiture migrate up\` refuses this database. If it has all of that, rows included, to record it by proof: confiture migrate baseline --proven`,
      );
    }
    if (changes.length === 0)
      context.messages.log(
        `No drift: every object is what it should be. Rows are not compared${args.owners === true ? "" : ", nor owners (--owners)"}`,
      );
    else if (args.sql !== true)
      context.messages.log(
        "+ only in the database, - missing from it, ~ changed (from what it should be, to what it is):",
      );
    if (isOfMigrations) context.messages.warn(AS_MIGRATED);
    else if (ofMigrations.length > 0)
      context.messages.warn(
        `changed by recorded migrations and not by hand: ${listChanged(ofMigrations)}. The schema files say something else: \`confiture schema update\` brings it into them`,
      );
    const isScript = args.sql === true;
    const plan =
      isScript && changes.length > 0
        ? await showPlan(context, files, gap, { source: against ?? { kind: "schema" }, made: expected })
        : undefined;
    const byHand = plan?.byHand ?? [];
    warnByHand(context, byHand);
    const report = await renderReport(args.format, () => reportOf(changes, files, config.file), shownFrom(context));
    return {
      json: {
        changes: changes.map(changeToJson),
        pending,
        unrecorded,
        isOfMigrations,
        ofMigrations: ofMigrations.map(({ kind, name }) => `${kind} ${name}`),
        ...shownPlanToJson(isScript, plan),
        notCompared,
        grantsLeftOut: limits.leftOut,
      },
      ...(isScript
        ? { script: scriptOf(plan, byHand) }
        : report === undefined
          ? { text: renderChanges(changes, context.paint) }
          : { script: report }),
      ...(changes.length === 0 || isOfMigrations || isScript
        ? {}
        : { next: await nextOf(args, against !== undefined && pending.length > 0) }),
      exitCode: changes.length > 0 || (limited && args.strict === true) ? 3 : 0,
    };
  },
});

/** At the schema file that speaks of it, or else at the environment's. */
function reportOf(changes: readonly Change[], files: ProjectFiles, environment: string | null): Report {
  const places = placesIn(files);
  const elsewhere = { file: environment ?? files.includeDirs[0]?.path ?? files.migrationsDir };
  return reportOfChanges(
    "drift",
    DRIFT,
    changes,
    WORDS,
    (change) => places(change, { message: "" }).schema ?? elsewhere,
  );
}

const DRIFT = {
  id: "drift",
  title: "The database is what it should be",
  why: "Somebody changed it by hand: migrations that are tried out elsewhere may fail there, and a new database is another one.",
  instead:
    "The same command with `--sql` prints what makes it what it should be; what is to stay belongs in a migration.",
};

/** What is named has to speak of what was listed, or it drops what was to be ignored. */
async function nextOf(args: Readonly<Record<string, unknown>>, isPending: boolean): Promise<string> {
  const options = await asGiven(args, Object.keys(SHAPING));
  const brought = isPending ? "What is pending there brings what it makes: confiture migrate up\n" : "";
  return `${brought}\`confiture drift${options} --sql\` prints what makes the database what it should be. What is to stay as it is there belongs in a migration and in the schema files`;
}

const WORDS = {
  added: "is only in the database",
  dropped: "is missing from the database",
  changed: "is not what it should be: from that, to what it is",
} as const;
