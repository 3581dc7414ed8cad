import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { isBase } from "#migrate/files/version.ts";
import type { HistoryEntry } from "#migrate/history.ts";
import type { KeptText } from "#migrate/ledger/ledger.ts";
import { resume } from "#migrate/migrator.ts";
import { resolveMigration } from "#migrate/record.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readVersion } from "../../arguments.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { LOCK_ARGS, writingOptions } from "../../migrate-options.ts";
import { finishRun } from "../../output/migrate.ts";
import { inLine } from "../../output/visible.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";

export const command = defineCommand({
  args: {
    version: { type: "positional", required: true, description: "the migration's version" },
    applied: { type: "boolean", description: "all of it is in the database" },
    continue: { type: "boolean", description: "run the rest of it, from the statement after the last one done" },
    skip: { type: "boolean", description: "with --continue: the statement it stopped at is done as well" },
    "rolled-back": {
      type: "boolean",
      description:
        "forget it, so that `migrate up` runs it: for what has left nothing in the database, and for a backfill that is to run again",
    },
    ...LOCK_ARGS,
    ...PROTECTED_ARGS,
  },
  details:
    "For a migration outside a transaction that stopped half way: put the database right first, then say how the migration\nstands. --applied and --rolled-back change the ledger only.\n" +
    "A backfill can be run again at any time, even when it is done: the error of a contract that is refused may ask for it. Rows\nthat are filled stay as they are, since its WHERE does not find them.",
  examples: [
    "confiture migrate resolve 012 --applied",
    "confiture migrate resolve 012 --rolled-back",
    "confiture migrate resolve 012 --continue",
    "confiture migrate resolve 012 --continue --skip",
  ],
  async run(args, context) {
    const ways = (["applied", "rolled-back", "continue"] as const).filter((way) => args[way] === true);
    const [way] = ways;
    if (way === undefined || ways.length > 1) {
      throw new ConfitureError("usage", "Say how the migration stands: one of --applied, --rolled-back, --continue");
    }
    if (args.skip === true && way !== "continue") throw new ConfitureError("usage", "--skip goes with --continue");
    const version = readVersion("VERSION", args.version) ?? "";
    // What is forgotten runs once more with the next `up`, and what is recorded never does.
    if (way !== "continue") await requirePermission(context, args, PURPOSES[way]);
    const options = await writingOptions(context, args);
    if (way === "continue") return finishRun(context, await resume(options, version, args.skip === true), "");
    const { entry, changed, lost, renamed } = await resolveMigration(options, version, way);
    if (changed && way === "rolled-back") {
      tellForgotten(context, entry, lost);
      if (renamed !== undefined) tellRenamed(context, renamed);
    }
    const [now, already] =
      way === "applied"
        ? ["recorded as applied", "is recorded as applied already"]
        : ["is no longer recorded", "is not recorded"];
    return {
      json: { version: entry.version, name: entry.name, resolved: way, changed, ...lostTexts(lost) },
      text: changed
        ? `✅ Migration ${migrationId(entry)} ${now}\n`
        : `Nothing to do: migration ${migrationId(entry)} ${already}\n`,
    };
  },
});

/** What the ledger does not have any more, and what `up` makes of that. */
function tellForgotten({ messages }: CommandContext, entry: HistoryEntry, lost: KeptText | undefined): void {
  const { row, file, squashed, version } = entry;
  if (squashed !== undefined) {
    messages.warn(
      `${migrationId(entry)} was squashed into base.sql, so no file runs it: \`confiture migrate up\` refuses this database until it is recorded again. Where the database has it after all: confiture migrate resolve ${shellWord(version)} --applied`,
    );
  } else if (row?.state === "applied" && file !== undefined && !isBase(version)) {
    messages.warn(
      `it was recorded as done: the next \`confiture migrate up\` runs it again, and fails where it makes what the database still has. To record it again: confiture migrate resolve ${shellWord(version)} --applied`,
    );
  }
  const texts = Object.values(lostTexts(lost)).filter((text) => text !== null);
  if (texts.length === 0) return;
  const lines = texts.flatMap((text) => text.trimEnd().split("\n"));
  messages.warn(
    `its file is not here, and the ledger kept its text, which it has no more:\n${lines.map((line) => `  ${inLine(line)}`).join("\n")}`,
  );
}

/** It is another migration for `up`, which knows it by its version alone. */
function tellRenamed({ messages }: CommandContext, { path, version }: MigrationFile): void {
  messages.warn(
    `its text is in ${inLine(path)}, which the next \`confiture migrate up\` runs. Where the database has what it does, record it first: confiture migrate resolve ${shellWord(version)} --applied`,
  );
}

function lostTexts(lost: KeptText | undefined): { lostSource?: string; lostSourceDown?: string | null } {
  return lost === undefined || lost.source === null ? {} : { lostSource: lost.source, lostSourceDown: lost.sourceDown };
}

const PURPOSES = {
  "rolled-back": "forget that a migration is applied",
  applied: "record as applied a migration that was not run to its end",
} as const;
