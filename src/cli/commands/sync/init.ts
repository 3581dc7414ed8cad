import { join } from "node:path";
import type { Config } from "#config/config.ts";
import { readRegularFile } from "#files/read.ts";
import { type CommandContext, defineCommand, type Outcome } from "../../command.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import { detailOf } from "../../output/sync-proof.ts";
import { renderFindings, syncFindingToJson } from "../../output/sync-findings.ts";
import { count } from "../../output/text.ts";
import { inLine } from "../../output/visible.ts";
import { checkCommand, requireEnvironment } from "../../sync-options.ts";

const FILE = "db/sync/tables.yaml";

export const command = defineCommand({
  args: {
    from: { type: "string", valueHint: "NAME", description: "the environment whose tables the rules are for" },
  },
  details:
    "Writes db/sync/tables.yaml with a rule for every column. Each is decided by the column's name, its type, how many of its\n" +
    "values look like e-mail addresses, phone numbers or card numbers, and how many are in another such column as well, which the\n" +
    "database counts itself. Of JSON documents, the paths that many have get a rule each. What cannot be decided so gets `?`, and\n" +
    "no copy is made until you have replaced it. If there are rules already, lines are added for the columns and tables that they\n" +
    "leave out, and nothing else is changed.",

  examples: ["confiture sync init --from production"],
  async run(args, context) {
    const from = await requireEnvironment(context, args.from);
    context.messages.log(`From: ${databasePlace(from.target)} (environment: ${from.environment ?? ""})`);
    const { ruleFiles } = await import("#sync/rules/rule-files.ts");
    return ruleFiles(context.projectDir).length === 0 ? await writeFirst(context, from) : await addMore(context, from);
  },
});

async function writeFirst(context: CommandContext, from: Config): Promise<Outcome> {
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
  return {
    json: { files: [FILE], ...numbers, faults: [] },
    text: `✅ Wrote ${FILE}: ${count(numbers.tables, "table")}, ${kept} columns kept, ${transformed} replaced\n${whatIsLeft(undecided, from)}\n`,
  };
}

async function addMore(context: CommandContext, from: Config): Promise<Outcome> {
  const { projectDir } = context;
  const [{ withDatabase }, { allLedgers }, { readSource }, { proposeMore }, { changeFiles }, { readRules }] =
    await Promise.all([
      import("#database/open.ts"),
      import("#migrate/ledger/find.ts"),
      import("#sync/source/read.ts"),
      import("#sync/propose-more.ts"),
      import("#files/change.ts"),
      import("#sync/rules/read.ts"),
    ]);
  const rules = await readRules(projectDir);
  const { files, added, faults, ...numbers } = await withDatabase(
    from.target,
    openOptions(context),
    async (database) => {
      const ledgers = await allLedgers(database, from.migrations.table);
      return await proposeMore(database, await readSource(database, ledgers), rules.files);
    },
  );
  const there = new Set(rules.files.map(({ file }) => file));
  await changeFiles(
    projectDir,
    files.map(({ file: path, text }) =>
      there.has(path)
        ? { kind: "replace", path, content: withEnds(text, join(projectDir, path), path) }
        : { kind: "create", path, content: text },
    ),
  );
  const names = files.map(({ file }) => file);
  const rest =
    faults.length === 0
      ? []
      : [
          `${count(faults.length, "fault")} in the rules ${faults.length === 1 ? "is" : "are"} left:`,
          ...renderFindings(faults, context.paint, detailOf(context.messages.level) === "verbose"),
          `Mend ${faults.length === 1 ? "it" : "them"}, and look again: ${checkCommand(from)}`,
        ];
  const head =
    added.length === 0
      ? ["Nothing to add: every column that rules can be added for has one"]
      : [
          `✅ Added to ${names.join(", ")}: ${count(added.length, "column")}, of these ${numbers.kept} kept, ${numbers.transformed} replaced`,
          ...added.map((line) => `  ${inLine(line)}`),
          whatIsLeft(numbers.undecided, from),
        ];
  return {
    json: { files: names, ...numbers, faults: faults.map(syncFindingToJson) },
    text: [...head, ...rest, ""].join("\n"),
  };
}

function whatIsLeft(undecided: number, from: Config): string {
  const first =
    undecided === 0
      ? "Read them: names and counts tell what is likely, not what is true. To check them"
      : `${count(undecided, "column")} with "?" ${undecided === 1 ? "is" : "are"} still to be decided. To see what is left`;
  return `${first}: ${checkCommand(from)}\nA copy also takes a key, if the next one is to have the same results: CONFITURE_SYNC_KEY, from \`openssl rand -hex 32\``;
}

/** Lines end as they did. */
function withEnds(text: string, path: string, shown: string): string {
  return Buffer.from(readRegularFile(path, shown)).includes("\r\n") ? text.replaceAll("\n", "\r\n") : text;
}
