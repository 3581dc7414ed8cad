import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../../command.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import { inLine } from "../../output/visible.ts";
import { ABOUT_SYNC_KEY } from "../../sync-key.ts";
import { planOfTable, requireEnvironment } from "../../sync-options.ts";

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
    "ever read. Kept columns are shown as they are.\n" +
    ABOUT_SYNC_KEY,
  examples: [
    "confiture sync show users --from production",
    "confiture sync show billing.invoices --from production --rows 20",
  ],
  async run(args, context) {
    const most = args.rows === undefined ? ROWS : Number(args.rows);
    if (!Number.isInteger(most) || most < 1 || most > 1000) {
      throw new ConfitureError("usage", `--rows takes a number from 1 to 1000, not "${args.rows}"`);
    }
    const from = await requireEnvironment(context, args.from);
    context.messages.log(`From: ${databasePlace(from.target)} (environment: ${from.environment ?? ""})`);
    const [{ withDatabase }, { sampleRows, inheritorsOf }, { lookAtDocuments }] = await Promise.all([
      import("#database/open.ts"),
      import("#sync/sample.ts"),
      import("#sync/document-paths.ts"),
    ]);
    const { table, sample, heirs } = await withDatabase(from.target, openOptions(context), async (database) => {
      const planned = await planOfTable(context, from, database, args.table);
      const { tables } = planned.plan;
      if (tables.some(({ mode }) => mode === "skip"))
        throw new ConfitureError("usage", `The rules copy no rows of "${args.table}"`);
      const rows = await sampleRows(database, planned.plan, most);
      const { warnings, notes } = await lookAtDocuments(database, planned.plan);
      for (const warning of warnings) context.messages.warn(warning);
      for (const note of notes) context.messages.log(note);
      const [only] = tables;
      const isEmpty = rows.rows.length === 0 && only !== undefined;
      return {
        table: planned.table,
        sample: rows,
        heirs: isEmpty ? await inheritorsOf(database, only.schema, only.name) : [],
      };
    });
    const lines = sample.rows.flatMap((values, index) => [
      ...(index === 0 ? [] : [""]),
      ...sample.columns.map((column, at) => `${inLine(column)}: ${inLine(values[at] ?? "NULL")}`),
    ]);
    return {
      json: { table, columns: sample.columns, rows: sample.rows },
      text: lines.length === 0 ? `${noRows(heirs)}\n` : lines.map((line) => `${line}\n`).join(""),
    };
  },
});

function noRows(heirs: readonly string[]): string {
  if (heirs.length === 0) return "No rows";
  return `No rows of its own; those of tables that inherit from it are shown by their names: ${heirs.map(inLine).join(", ")}`;
}
