import { defineCommand } from "../../command.ts";
import { databasePlace } from "../../database-options.ts";
import { tablesOf } from "../../output/sync.ts";
import { countParts, detailOf, exceptionsOf, provenBut, renderProof } from "../../output/sync-proof.ts";
import { renderRows } from "../../output/sync-rows.ts";
import { count } from "../../output/text.ts";
import type { Verification } from "#sync/run/verify.ts";
import { ABOUT_KEY_OF_COPY } from "../../sync-key.ts";
import { JOBS, readSides, SYNC_ARGS, type SyncArgs } from "../../sync-options.ts";

export const command = defineCommand({
  args: {
    from: SYNC_ARGS.from,
    to: { ...SYNC_ARGS.to, description: "the environment whose database is the copy; it is only read" },
    "ignore-rules": SYNC_ARGS["ignore-rules"],
    plain: { ...SYNC_ARGS.plain, description: "the copy was made with --plain, without rules" },
  },
  details:
    "Looks at both databases as they are now, and changes neither: whether a replaced column has a value in common with the\n" +
    "source, whether text of the copy holds an original, whether the schemas are the same, and whether the copy was made with\n" +
    "these rules. Text is searched for e-mail addresses, telephone, card and social security numbers and IBANs; names and postal\n" +
    "addresses in text are not found. What was not looked at stands in the last line (`Proven, but for`), and changes no exit code.\n" +
    "Exits 3 if something does not hold or the target is no copy, and 2 if CONFITURE_SYNC_KEY is not the key of the copy.\n" +
    ABOUT_KEY_OF_COPY,
  examples: ["confiture sync verify --from production --to staging"],
  async run(args, context) {
    const { from, to, options } = await readSides(context, args, "verify", {
      jobs: JOBS,
      skipLargeObjects: true,
      skipExtensionTables: true,
    });
    context.messages.log(`From: ${databasePlace(from.target)}, to: ${databasePlace(to.target)}`);
    const { verifySync } = await import("#sync/run/verify.ts");
    const result = await verifySync(options);
    const byRow = countParts(result.proof.columns.filter(({ elsewhere }) => elsewhere === "no key"));
    const written = result.proof.columns.reduce((sum, column) => sum + (column.written ?? 0), 0);
    const but = [
      ...(byRow === 0 ? [] : [`originals of other rows in ${count(byRow, "column")}`]),
      ...(written === 0 ? [] : [`${count(written, "value")} that no rule has made`]),
      ...exceptionsOf(result.proof),
      ...(result.largeObjects === 0
        ? []
        : [`${count(result.largeObjects, "large object")} written since the copy and not looked at`]),
    ];
    const proven = `✅ ${provenBut(but)} (${tablesOf(result.tables)})`;
    const detail = detailOf(context.messages.level);
    const lines = [
      ...renderProof(result.proof, detail),
      ...(result.incomplete
        ? ["INCOMPLETE: a copy into this database was begun and never finished: rows and objects are missing"]
        : [
            ...renderRows(result.rows, detail),
            ...result.changes.map(({ change, kind, name }) => `schema differs: ${sideOf(change)} ${kind} ${name}`),
            ...(detail === "quiet" ? [] : [result.comment ?? "The database does not say what it is a copy of"]),
            ...(result.sameRules ? [] : ["The rules have changed since"]),
          ]),
      ...(result.holds
        ? [proven]
        : ["❌ Not proven", ...nextSteps(result, args, options.target.isReplaceable === true)]),
    ];
    return {
      json: { ...result },
      text: lines.map((line) => `${line}\n`).join(""),
      exitCode: result.holds ? 0 : 3,
    };
  },
});

/** What to do about a copy that is not proven. */
function nextSteps(
  { proof, changes, rows, incomplete }: Verification,
  { from, to, plain }: SyncArgs,
  isReplaceable: boolean,
): string[] {
  const holdsOriginals = proof.leaks.length > 0 || proof.columns.some(({ holds }) => !holds);
  const again = `confiture sync run --from ${from ?? ""} --to ${to ?? ""}${plain === true ? " --plain" : ""}`;
  return [
    ...(holdsOriginals
      ? [
          "Originals are in the copy: keep people away from it. If the rules keep such a column, transform or scrub it (db/sync).",
        ]
      : []),
    ...(!incomplete && rows.fewer.length + changes.length > 0
      ? ["The copy has changed since, or the source's schema has: see who writes to it."]
      : []),
    isReplaceable
      ? `Make the copy again: ${again}`
      : `No copy may take the place of "${to ?? ""}" now: its environment is protected, or does not say \`sync: {replace: true}\``,
  ];
}

/** The copy is what is compared, and the source what it should be. */
function sideOf(change: string): string {
  return change === "added" ? "only the source has" : change === "dropped" ? "only the copy has" : change;
}
