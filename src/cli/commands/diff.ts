import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../command.ts";
import { beside, projectFiles, readSource } from "../compare-options.ts";
import { changeToJson, renderChanges } from "../output/compare.ts";
import { count } from "../output/text.ts";

export const command = defineCommand({
  args: {
    from: {
      type: "positional",
      required: false,
      description: "schema, migrations, git:REVISION, env:NAME, a URL or empty (default: migrations)",
    },
    to: { type: "positional", required: false, description: "the same (default: schema)" },
    owners: { type: "boolean", description: "also compare owners with a database in use" },
    sql: { type: "boolean", description: "print the SQL that turns FROM into TO, in an order that works" },
  },
  details:
    "Builds both in scratch databases and compares them object by object. Scratch databases are in the embedded\n" +
    "PostgreSQL, or beside a database in use (env:NAME or a URL), which is only read. Exits with 3 when they differ.",
  examples: [
    "confiture diff",
    "confiture diff git:main schema",
    "confiture diff git:main schema --sql",
    "confiture diff env:staging schema",
  ],
  async run(args, context) {
    const { sourceCatalogue } = await import("#compare/sources.ts");
    const { compareCatalogues } = await import("#compare/changes.ts");
    const { planChanges, planSql } = await import("#compare/plan.ts");
    const names = { from: args.from ?? "migrations", to: args.to ?? "schema" };
    const sources = { from: await readSource(context, names.from), to: await readSource(context, names.to) };
    const live = [sources.from, sources.to].find((source) => source.kind === "live");
    const project = await projectFiles(context);
    const files = live === undefined ? project : await beside(context, project, live.target);
    const read = async (side: "from" | "to") => {
      context.messages.debug(`Building ${names[side]}`);
      try {
        return await sourceCatalogue(files, sources[side]);
      } catch (error) {
        throw error instanceof ConfitureError ? error.with({ message: `${names[side]}: ${error.message}` }) : error;
      }
    };
    const from = await read("from");
    const to = await read("to");
    const changes = compareCatalogues(from, to, { owners: live === undefined || args.owners === true });
    const sql =
      changes.length === 0
        ? []
        : args.sql === true
          ? planChanges(from, to).statements.map((statement) => statement.sql)
          : planSql(from, to);
    const notCompared = [...from.notCompared, ...to.notCompared];
    for (const { kind, count: number, samples } of notCompared) {
      context.messages.warn(`not compared: ${count(number, kind)} (${samples.join(", ")})`);
    }
    if (changes.length === 0) context.messages.log(`${names.from} and ${names.to} do not differ`);
    return {
      json: { from: names.from, to: names.to, changes: changes.map(changeToJson), sql, notCompared },
      text: args.sql === true ? sql.map((statement) => `${statement};\n`).join("") : renderChanges(changes),
      exitCode: changes.length === 0 ? 0 : 3,
    };
  },
});
