import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../../command.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import { count } from "../../output/text.ts";
import { requireEnvironment } from "../../sync-options.ts";

const FILE = "db/sync/tables.yaml";

export const command = defineCommand({
  args: {
    from: { type: "string", valueHint: "NAME", description: "the environment whose tables the rules are for" },
  },
  details:
    "Writes db/sync/tables.yaml with a rule for every column, chosen by its name, its type, and how many of its values look like\n" +
    "e-mail addresses, phone numbers or card numbers; the database counts them itself. A column that this says nothing about\n" +
    "gets `?`, and nothing is copied until you have put a rule in its place.",
  examples: ["confiture sync init --from production"],
  async run(args, context) {
    const from = await requireEnvironment(context, args.from);
    const folder = join(context.projectDir, "db/sync");
    const there = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".yaml")) : undefined;
    if (there !== undefined) {
      throw new ConfitureError("usage", `There are rules already: db/sync/${there}`, {
        hint: "`confiture sync check` says which columns they leave out, with the line to add.",
        location: { file: `db/sync/${there}` },
      });
    }
    context.messages.log(`From: ${databasePlace(from.target)} (environment: ${from.environment ?? ""})`);
    const [{ withDatabase }, { allLedgers }, { readSource }, { proposeRules }, { changeFiles }] = await Promise.all([
      import("#database/open.ts"),
      import("#migrate/ledger/find.ts"),
      import("#sync/source/read.ts"),
      import("#sync/propose.ts"),
      import("#files/change.ts"),
    ]);
    const { yaml, ...numbers } = await withDatabase(from.target, openOptions(context), async (database) => {
      const ledgers = await allLedgers(database, from.migrations.table);
      return await proposeRules(database, await readSource(database, ledgers), FILE);
    });
    await changeFiles(context.projectDir, [{ kind: "create", path: FILE, content: yaml }]);
    const { kept, transformed, undecided } = numbers;
    const rest =
      undecided === 0
        ? "Read them: names and counts tell what is likely, not what is true."
        : `${count(undecided, "column")} with "?" ${undecided === 1 ? "is" : "are"} still to be decided.`;
    return {
      json: { file: FILE, ...numbers },
      text: `✅ Wrote ${FILE}: ${count(numbers.tables, "table")}, ${kept} columns kept, ${transformed} replaced\n${rest}\n`,
    };
  },
});
