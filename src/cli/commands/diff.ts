import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/discover.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import {
  displayName,
  filesBeside,
  liveTarget,
  readSource,
  readTerms,
  SCRATCH_ARGS,
  STRICT_ARGS,
  tellLimits,
  TERMS_ARGS,
} from "../compare-options.ts";
import { renderChanges } from "../output/changes.ts";
import { changeToJson } from "../output/changes.ts";
import { scriptOf, shownPlanToJson, showPlan, warnByHand } from "../shown-plan.ts";

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
    ...SCRATCH_ARGS,
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
    const { isInUse, sourceCatalogue } = await import("#compare/sources/sources.ts");
    const { compareOnTerms } = await import("#compare/sources/comparison.ts");
    const { compareCatalogues } = await import("#compare/catalogue/changes.ts");
    const given = { from: args.from ?? (await defaultFrom(context)), to: args.to ?? "schema" };
    const sources = { from: await readSource(context, given.from), to: await readSource(context, given.to) };
    const names = { from: displayName(given.from, sources.from), to: displayName(given.to, sources.to) };
    const files = await filesBeside(context, args.scratch, liveTarget([sources.from, sources.to]));
    const read = async (side: "from" | "to") => {
      context.step(`Reading ${names[side]}`);
      try {
        return await sourceCatalogue(files, sources[side]);
      } catch (error) {
        const { explainNoSchemaFiles } = await import("../without-schema-files.ts");
        const told = await explainNoSchemaFiles(error, context, false);
        throw told instanceof ConfitureError ? told.with({ message: `${names[side]}: ${told.message}` }) : told;
      }
    };
    const catalogues = { from: await read("from"), to: await read("to") };
    // What was built from files differs in nothing that does not count.
    const terms = [sources.from, sources.to].some(isInUse) ? readTerms(args) : undefined;
    const comparison = terms
      ? await compareOnTerms(files, catalogues.from, catalogues.to, terms)
      : { ...catalogues, changes: compareCatalogues(catalogues.from, catalogues.to), leftOut: [], unreworded: [] };
    const { from, to, changes } = comparison;
    const plan =
      args.sql !== true || changes.length === 0
        ? undefined
        : await showPlan(context, files, { from, to, terms, source: terms ? undefined : sources.from });
    const notCompared = [...from.notCompared, ...to.notCompared];
    const limited = tellLimits(context, comparison, notCompared);
    context.messages.log(
      changes.length === 0
        ? `${names.from} and ${names.to} do not differ`
        : `From ${names.from} to ${names.to}${args.sql === true ? "" : ` (+ is in ${names.to} alone, - in ${names.from} alone)`}:`,
    );
    const byHand = plan?.byHand ?? changes.filter(({ planned }) => !planned);
    warnByHand(context, byHand);
    return {
      json: {
        from: names.from,
        to: names.to,
        changes: changes.map(changeToJson),
        ...shownPlanToJson(args.sql === true, plan),
        notCompared,
        grantsLeftOut: comparison.leftOut,
      },
      ...(args.sql === true ? { script: scriptOf(plan, byHand) } : { text: renderChanges(changes, context.paint) }),
      exitCode: changes.length > 0 || (limited && args.strict === true) ? 3 : 0,
    };
  },
});

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
