import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import type { Change } from "#compare/catalogue/changes.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import {
  displayName,
  filesBeside,
  liveTarget,
  readSource,
  readTerms,
  REPLAY_ARGS,
  STRICT_ARGS,
  tellLimits,
  TERMS_ARGS,
} from "../compare-options.ts";
import { databasePlace } from "../database-options.ts";
import { changeToJson, renderChanges } from "../output/changes.ts";
import { placesIn } from "../output/findings.ts";
import { reportOfChanges } from "../output/reports/of-changes.ts";
import { REPORT_ARGS, renderReport, shownFrom } from "../output/reports/render.ts";
import type { Report } from "../output/reports/report.ts";
import { requireOneForm, scriptOf, shownPlanToJson, showPlan, warnByHand } from "../shown-plan.ts";

export const command = defineCommand({
  args: {
    from: {
      type: "positional",
      required: false,
      description:
        "schema, migrations, git:REVISION, env:NAME, a URL, a snapshot file or empty (default: migrations; with --env or --database-url the database there)",
    },
    to: { type: "positional", required: false, description: "the same (default: schema)" },
    sql: { type: "boolean", description: "print the SQL that turns FROM into TO, as it was run in a scratch database" },
    ...TERMS_ARGS,
    ...STRICT_ARGS,
    ...REPLAY_ARGS,
    ...REPORT_ARGS,
  },
  details:
    "Builds both in scratch databases and compares them object by object. Scratch databases are in the embedded\n" +
    "PostgreSQL, or beside a database in use (env:NAME or a URL), which is only read. Exits 3 if they differ.",
  examples: [
    "confiture diff",
    "confiture diff git:main schema",
    "confiture diff git:main schema --sql",
    "confiture diff env:staging schema",
    "confiture diff production.json schema",
  ],
  async run(args, context) {
    requireOneForm(args);
    const { isInUse, sourceCatalogue } = await import("#compare/sources/sources.ts");
    const { compareOnTerms } = await import("#compare/sources/comparison.ts");
    const { compareCatalogues } = await import("#compare/catalogue/changes.ts");
    const given = { from: args.from ?? (await defaultFrom(context)), to: args.to ?? "schema" };
    const sources = { from: await readSource(context, given.from), to: await readSource(context, given.to) };
    const names = { from: displayName(given.from, sources.from), to: displayName(given.to, sources.to) };
    for (const side of ["from", "to"] as const) {
      const source = sources[side];
      if (source.kind !== "live") continue;
      context.messages.log(`Database: ${databasePlace(source.target, context.projectDir)} (${names[side]})`);
    }
    const files = await filesBeside(context, args, liveTarget([sources.from, sources.to]));
    const read = async (side: "from" | "to") => {
      context.step(`Reading ${names[side]}`);
      try {
        return await sourceCatalogue(files, sources[side]);
      } catch (error) {
        throw error instanceof ConfitureError ? error.with({ message: `${names[side]}: ${error.message}` }) : error;
      }
    };
    const catalogues = { from: await read("from"), to: await read("to") };
    // What was built from files differs in nothing that does not count.
    const terms = [sources.from, sources.to].some(isInUse) ? readTerms(args) : undefined;
    const comparison = terms
      ? await compareOnTerms(files, catalogues.from, catalogues.to, terms)
      : {
          ...catalogues,
          changes: compareCatalogues(catalogues.from, catalogues.to),
          leftOut: [],
          unreworded: [],
          grants: undefined,
        };
    const { from, to, changes } = comparison;
    const plan =
      args.sql !== true || changes.length === 0
        ? undefined
        : await showPlan(
            context,
            files,
            {
              from,
              to,
              postgres: lowestInUse([catalogues.from, catalogues.to]),
              terms,
              grants: comparison.grants?.from,
              source: terms ? undefined : sources.from,
            },
            { source: sources.to, made: catalogues.to },
          );
    const notCompared = [...from.notCompared, ...to.notCompared];
    const limited = tellLimits(context, comparison, notCompared);
    context.messages.log(
      changes.length === 0
        ? `${names.from} and ${names.to} do not differ`
        : `From ${names.from} to ${names.to}${args.sql === true ? "" : ` (+ is in ${names.to} alone, - in ${names.from} alone)`}:`,
    );
    const byHand = plan?.byHand ?? changes.filter(({ planned }) => !planned);
    warnByHand(context, byHand);
    const report = await renderReport(args.format, () => reportOf(changes, files, names), shownFrom(context));
    return {
      json: {
        from: names.from,
        to: names.to,
        changes: changes.map(changeToJson),
        ...shownPlanToJson(args.sql === true, plan),
        notCompared,
        grantsLeftOut: comparison.leftOut,
      },
      ...(args.sql === true
        ? { script: scriptOf(plan, byHand) }
        : report === undefined
          ? { text: renderChanges(changes, context.paint) }
          : { script: report }),
      exitCode: changes.length > 0 || (limited && args.strict === true) ? 3 : 0,
    };
  },
});

/** The major version of the older database in use, if one takes part. */
function lowestInUse(catalogues: readonly Pick<Catalogue, "inUse" | "major">[]): number | undefined {
  const majors = catalogues.flatMap(({ inUse, major }) => (inUse ? [major] : []));
  return majors.length === 0 ? undefined : Math.min(...majors);
}

/** @throws ConfitureError `usage` when there is nothing to compare the schema files with */
async function defaultFrom(context: CommandContext): Promise<string> {
  if (context.chosen !== undefined) return context.chosen;
  const { migrations } = await context.config("files");
  const found = discoverMigrations(context.projectDir, migrations.dir, migrations.layout);
  if (found.base !== undefined || found.migrations.length > 0) return "migrations";
  throw new ConfitureError("usage", "There are no migrations to compare the schema files with", {
    hint: "`confiture drift` compares the environment's database with them. Or name what to compare them with: git:HEAD (what is committed), env:NAME (a database in use), or empty.",
  });
}

/** At the files that speak of it. */
function reportOf(
  changes: readonly Change[],
  files: ProjectFiles,
  { from, to }: Readonly<Record<"from" | "to", string>>,
): Report {
  const places = placesIn(files);
  const elsewhere = { file: files.includeDirs[0]?.path ?? files.migrationsDir };
  const words = {
    added: `is in ${to} alone`,
    dropped: `is in ${from} alone`,
    changed: `differs: from ${from} to ${to}`,
  };
  return reportOfChanges("diff", DIFFERENCE, changes, words, (change) => {
    const { schema, migration } = places(change, { message: "" });
    return schema ?? migration ?? elsewhere;
  });
}

const DIFFERENCE = {
  id: "difference",
  title: "Both have the same schema",
  why: "What one of them has, the other has not, or otherwise.",
  instead: "The same command with `--sql` prints the SQL that turns one into the other.",
};
