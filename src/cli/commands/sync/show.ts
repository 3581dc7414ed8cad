import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../../command.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import { inLine } from "../../output/visible.ts";
import { planFrom, requireEnvironment } from "../../sync-options.ts";

/** Rows, where nothing else is said. */
const ROWS = 5;

export const command = defineCommand({
  args: {
    table: { type: "positional", required: true, description: "the table, as the rules name it" },
    from: { type: "string", valueHint: "NAME", description: "the environment that rows are read from" },
    rows: { type: "string", valueHint: "N", description: `how many rows (default: ${ROWS})` },
  },
  details:
    "Prints some rows as a copy has them: values are replaced on the source, as in a copy, so no original of a replaced value is\n" +
    "ever read. Kept columns are shown as they are.",
  examples: [
    "confiture sync show users --from production",
    "confiture sync show billing.invoices --from production --rows 20",
  ],
  async run(args, context) {
    const most = args.rows === undefined ? ROWS : Number(args.rows);
    if (!Number.isInteger(most) || most < 1 || most > 1000) {
      throw new ConfitureError("usage", `--rows is a number from 1 to 1000, not "${args.rows}"`);
    }
    const from = await requireEnvironment(context, args.from);
    context.messages.log(`From: ${databasePlace(from.target)} (environment: ${from.environment ?? ""})`);
    const [{ withDatabase }, { sampleRows }] = await Promise.all([
      import("#database/open.ts"),
      import("#sync/sample.ts"),
    ]);
    const { name, sample } = await withDatabase(from.target, openOptions(context), async (database) => {
      const plan = await planFrom(context, from, database);
      const [schema, own] = args.table.includes(".")
        ? [args.table.slice(0, args.table.indexOf(".")), args.table.slice(args.table.indexOf(".") + 1)]
        : ["public", args.table];
      const table = plan.tables.find((one) => one.schema === schema && one.name === own);
      if (table === undefined) {
        throw new ConfitureError("usage", `The source has no table "${args.table}" with rows of its own`, {
          hint: "Write schema.table; of a partitioned table, one of its partitions.",
        });
      }
      if (table.mode === "skip") throw new ConfitureError("usage", `The rules copy no rows of "${args.table}"`);
      return { name: `${schema}.${own}`, sample: await sampleRows(database, plan, table, most) };
    });
    const lines = sample.rows.flatMap((values, index) => [
      ...(index === 0 ? [] : [""]),
      ...sample.columns.map((column, at) => `${inLine(column)}: ${inLine(values[at] ?? "NULL")}`),
    ]);
    return {
      json: { table: name, columns: sample.columns, rows: sample.rows },
      text: lines.length === 0 ? "No rows\n" : lines.map((line) => `${line}\n`).join(""),
    };
  },
});
