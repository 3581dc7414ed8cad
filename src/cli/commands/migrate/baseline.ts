import { type Contained, NONE } from "#compare/contained/contained.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { createLedger } from "#migrate/ledger/change.ts";
import { discoverMigrations, requireRecognised } from "#migrate/files/discover.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { adoptHistory } from "#migrate/import/adopt.ts";
import { HISTORIES } from "#migrate/layouts/registry.ts";
import { baseline } from "#migrate/record.ts";
import { readVersion } from "../../arguments.ts";
import { type CommandContext, defineCommand, type Outcome } from "../../command.ts";
import { REPLAY_ARGS, type ScratchArgs } from "../../compare-options.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { agree, count } from "../../output/text.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    through: { type: "string", valueHint: "VERSION", description: "the last version to record (default: all)" },
    from: {
      type: "enum",
      options: Object.keys(HISTORIES),
      valueHint: "TOOL",
      description: `take over the history that this tool keeps in the database: ${Object.keys(HISTORIES).join(", ")}`,
    },
    "from-table": {
      type: "string",
      valueHint: "TABLE",
      description: "that tool's history table, if it is not the usual one",
    },
    proven: { type: "boolean", description: "record only what the database holds, by proof in scratch databases" },
    ...REPLAY_ARGS,
    ...PROTECTED_ARGS,
    ...LOCK_ARGS,
  },
  details:
    "For a database that has the changes already: built from the schema files, or migrated by hand. A protected\n" +
    "environment has to be confirmed with --yes, except for --proven and --from, which record only what the database shows.\n" +
    "--proven exits 3 if it cannot tell of some migrations whether the database has them.",
  examples: [
    "confiture migrate baseline",
    "confiture migrate baseline --through 012 --env staging",
    "confiture migrate baseline --from dbmate",
    "confiture migrate baseline --proven",
  ],
  async run(args, context) {
    const through = readVersion("--through", args.through);
    if (args.from === undefined && args["from-table"] !== undefined) {
      throw new ConfitureError("usage", "--from-table goes with --from");
    }
    if (args.from !== undefined && through !== undefined) {
      throw new ConfitureError(
        "usage",
        "--through and --from exclude each other: that tool's history says how far it came",
      );
    }
    if (args.proven === true && (args.from !== undefined || through !== undefined)) {
      throw new ConfitureError("usage", "--proven goes without --from and --through: the proof says how far it goes");
    }
    if (args.proven !== true && args.from === undefined) {
      await requirePermission(context, args, "record migrations as applied without running or proving them");
    }
    const options = await writingOptions(context, args);
    requireRecognised(options);
    if (args.proven === true) return await proven(context, options, args);
    const recorded =
      args.from === undefined
        ? await baseline(options, through)
        : await adoptHistory(options, args.from, args["from-table"]);
    if (recorded.length === 0) tellNothing(context, options, args.from);
    else tellRecorded(context, recorded);
    return outcomeOf({ ...NONE, contained: recorded });
  },
});

/** @param tool whose history was looked into */
function tellNothing({ messages }: CommandContext, { projectDir, dir, layout }: MigrateOptions, tool?: string): void {
  const isNone = discoverMigrations(projectDir, dir, layout).migrations.length === 0;
  const why =
    tool === undefined ? "every migration is recorded already" : `${tool} has applied no other migration here`;
  messages.log(`Nothing to record: ${isNone ? `there is no migration in ${dir}` : why}`);
}

function tellRecorded({ messages }: CommandContext, recorded: readonly MigrationFile[]): void {
  messages.log(
    `Recording ${count(recorded.length, "migration")} without running ${agree(recorded.length, "it", "them")}`,
  );
}

function outcomeOf({ contained, pending, undecided, rowsNotCompared }: Contained): Outcome {
  return {
    json: {
      recorded: contained.map(({ version, name, path }) => ({ version, name, file: path })),
      rowsNotCompared: rowsNotCompared.map(({ version }) => version),
      unrecorded: [...pending, ...undecided].map(({ version }) => version),
    },
    text: contained.map((migration) => `✅ ${migrationId(migration)} recorded as applied\n`).join(""),
  };
}

/** Records what the database holds, and says of the rest how it stands. */
async function proven(context: CommandContext, options: MigrateOptions, scratch: ScratchArgs): Promise<Outcome> {
  const { exclusively } = await import("#migrate/exclusive.ts");
  const { containment, reasonOf, tellRowsNotCompared } = await import("../../contained.ts");
  const proof = containment(context, options, { isBuilt: false, budget: Number.POSITIVE_INFINITY, scratch });
  const found = await exclusively(options, async (database, ledger) => {
    const recorded = await proof.record(database, ledger);
    // That none of them is there is known as well: `up` has no other tool's history to ask for from then on.
    const isNone =
      !ledger.exists && recorded.contained.length + recorded.undecided.length === 0 && recorded.pending.length > 0;
    if (isNone) await createLedger(database, ledger);
    return recorded;
  });
  const { contained, pending, undecided, why, next } = found;
  if (contained.length > 0) tellRecorded(context, contained);
  else if (pending.length + undecided.length === 0) {
    tellNothing(context, options);
  }
  tellRowsNotCompared(context, found.rowsNotCompared);
  if (pending.length > 0) {
    context.messages.log(`Not in the database, and pending: ${pending.map(migrationId).join(", ")}${reasonOf(why)}`);
  }
  const last = undecided.at(-1);
  if (last !== undefined) {
    const { waysOn } = await import("../../lacking-of-schema.ts");
    const ways = async () =>
      waysOn([
        [await proof.compareThere(), "shows what the database lacks, and what it has besides"],
        ["confiture migrate status -v", "shows which migrations are recorded, and what was edited in them"],
        [`confiture migrate baseline --through ${shellWord(last.version)}`, "once you have seen that it has them"],
      ]);
    context.messages.warn(
      `not proven: ${undecided.map(migrationId).join(", ")}${reasonOf(why)}. Next:\n${next ?? (await ways())}`,
    );
  }
  return { ...outcomeOf(found), exitCode: undecided.length > 0 ? 3 : 0 };
}
