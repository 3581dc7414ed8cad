import { setImmediate } from "node:timers/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { changeFiles, type FileChange } from "#files/change.ts";
import { withFolderLock } from "#files/lock.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { upCommand } from "#migrate/history.ts";
import { compareVersions } from "#migrate/files/version.ts";
import { readVersion } from "../../arguments.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { isAnother, numberTaken } from "#migrate/renamed.ts";
import { editedEntries, openEntries, wereEdited } from "../../contained.ts";
import { projectFiles, REPLAY_ARGS } from "../../compare-options.ts";
import { changeToJson, listChanged } from "../../output/changes.ts";
import { agree, count } from "../../output/text.ts";
import { freeBackup } from "../../place-files.ts";
import { type ToldUndone, asBeforeInLine } from "../../output/undone.ts";
import { askDatabase, isUsed } from "../../pick-source.ts";
import { placedUndone } from "../../undone.ts";

export const command = defineCommand({
  args: {
    through: {
      type: "string",
      valueHint: "VERSION",
      description: "the last migration that goes into base.sql (required)",
    },
    ...REPLAY_ARGS,
  },
  details:
    "Moves the base forward: base.sql gets what the migrations up to that version do, and their files go, all or nothing.\n" +
    "Proven before anything is written: the new base makes the same objects and rows, alone and with the migrations after\n" +
    "it. Databases that have the squashed ones recorded need nothing; in one that lacks some, `up` says what to do. If the\n" +
    "environment's own database lacks some, or the schema files are behind them, nothing is squashed. What was squashed\n" +
    "cannot be rolled back any more. base.sql is written anew, without the comments in it and in the squashed files: those\n" +
    "are in version control. A file that the last commit does not have as it is stays, as NAME.bak.",
  examples: ["confiture migrate squash --through 040"],
  async run(args, context) {
    const through = readVersion("--through", args.through);
    if (through === undefined) {
      throw new ConfitureError("usage", "Say how far: --through VERSION, the last migration that goes into base.sql");
    }
    const [{ squash }, { contentsOf, requireUnchanged }, { headOf }] = await Promise.all([
      import("#compare/base/squash.ts"),
      import("#compare/sources/unchanged.ts"),
      import("#compare/sources/git.ts"),
    ]);
    const files = await projectFiles(context, args);
    const contents = contentsOf(files, ["migrations"]);
    let lookedAt: string | undefined;
    const { base, squashed, rest, doubts, unlikeSchema, undone } = await squash({
      ...files,
      through,
      beforeRun: async () => {
        lookedAt = await requireSquashable(context, through);
      },
      onStep: context.step,
    });
    // An interrupt that came while PostgreSQL had the thread is heard only now.
    await setImmediate();
    if (context.io.signal.aborted) throw new ConfitureError("interrupted", "Interrupted; nothing was changed");
    refuseUndone(placedUndone(files, undone));
    if (unlikeSchema instanceof ConfitureError) {
      context.messages.warn(`the schema files do not build, so nothing is compared with them: ${unlikeSchema.message}`);
    } else if (unlikeSchema.length > 0) {
      context.messages.warn(
        `migrations make something else than the schema files do, in ${count(unlikeSchema.length, "object")}: ${listChanged(unlikeSchema)}. Of that, base.sql gets what the squashed ones make${rest.length === 0 ? "" : ", and files after it keep what they make"}. \`confiture verify\` shows it, and \`confiture schema update\` brings it into the schema files`,
      );
    }
    const { projectDir } = context;
    const isNew = !existsSync(join(projectDir, base.path));
    const gone = squashed.flatMap(({ path, downPath }) => (downPath === undefined ? [path] : [path, downPath]));
    const kept = await withFolderLock(projectDir, ".", async () => {
      // Whoever rolled one of them back meanwhile could not run it any more.
      lookedAt = await requireSquashable(context, through);
      // What somebody has written to them meanwhile would go with them, and be in no base.
      requireUnchanged(files, contents, { code: "squash_refused", undone: "Nothing was changed" });
      // What no commit has is nowhere else.
      const isInHead = headOf(projectDir, files.migrationsDir);
      const backups = new Map(
        (isNew ? gone : [base.path, ...gone])
          .filter((path) => !isInHead(path))
          .map((path) => [path, freeBackup(projectDir, path)]),
      );
      const { path, text: content } = base;
      const backup = backups.get(path);
      await changeFiles(projectDir, [
        isNew
          ? { kind: "create", path, content }
          : { kind: "replace", path, content, ...(backup === undefined ? {} : { backup }) },
        ...gone.map((old): FileChange => {
          const to = backups.get(old);
          return to === undefined ? { kind: "remove", path: old } : { kind: "move", path: old, to };
        }),
      ]);
      return backups;
    });
    const removed = gone.filter((path) => !kept.has(path));
    if (removed.length > 0) {
      context.messages.log(
        `Removed, as the last commit has ${agree(removed.length, "it", "them")}: ${removed.join(", ")}`,
      );
    }
    if (kept.size > 0) {
      context.messages.warn(
        `the last commit does not have ${agree(kept.size, "this file", "these files")} as ${agree(kept.size, "it was", "they were")}, so ${agree(kept.size, "it stays", "they stay")} under another name:${[...kept].map(([from, to]) => `\n  ${from} -> ${to}`).join("")}`,
      );
    }
    context.messages.log(
      `${lookedAt === undefined ? "No database with anything in it was looked at" : `Looked at: ${lookedAt}`}. Every ${lookedAt === undefined ? "" : "other "}database needs what was squashed before it gets these files: bring it up to date (\`up --env NAME\`) with the files as they were. \`up\` stops in one that lacks some of it.`,
    );
    if (!isNew) {
      context.messages.log(`${base.path} was written anew: comments in the former one are not in it`);
    }
    for (const doubt of doubts) context.messages.warn(`${doubt}: see to it in new databases by hand`);
    return {
      json: {
        file: base.path,
        squashed: squashed.map(({ version }) => version),
        removed,
        kept: [...kept].map(([file, backup]) => ({ file, backup })),
        left: rest.map(({ version }) => version),
        unlikeSchema: unlikeSchema instanceof ConfitureError ? null : unlikeSchema.map(changeToJson),
      },
      text: `✅ Squashed ${count(squashed.length, "migration")} into ${base.path}, proven: the same objects and rows${rest.length === 0 ? "" : `, also with the ${count(rest.length, "migration")} after it`}\n`,
    };
  },
});

/** After it, nothing would tell the next `generate` that it undoes these. */
function refuseUndone(undone: readonly ToldUndone[]): void {
  if (undone.length === 0) return;
  const list = undone.map((one) => `\n  ${asBeforeInLine(one)}`).join("");
  throw new ConfitureError("squash_refused", `The schema files are behind what is to be squashed:${list}`, {
    hint: [
      "Nothing was changed. Once squashed, nothing would tell the next `confiture migrate generate` that it undoes this.",
      "To bring what the migrations did into the schema files: confiture schema update",
      "Where the schema files are right instead, a migration is to do it: confiture migrate generate NAME --allow-drop",
    ].join("\n"),
    data: { undone },
  });
}

/**
 * Looks whether the environment's own database, where it can be reached, knows what is to be squashed: after it, databases are
 * told by checksums alone what they have.
 * @returns that database's name; undefined where it cannot be reached, or holds nothing
 * @throws ConfitureError `squash_refused` where a file is not what ran there, where one stopped half way, or where one has not run
 */
async function requireSquashable(context: CommandContext, through: string): Promise<string | undefined> {
  const database = await askDatabase(context);
  if (database === undefined) return undefined;
  const { history, source } = database;
  const gone = history.filter(({ version, file }) => file !== undefined && compareVersions(version, through) <= 0);
  const edited = editedEntries(gone);
  const [first] = edited;
  const other = edited.find(isAnother);
  if (other !== undefined) {
    const taken = numberTaken(other, history);
    throw taken.with({ code: "squash_refused", hint: `Nothing was changed. ${taken.hint}` });
  }
  if (first !== undefined) {
    throw new ConfitureError(
      "squash_refused",
      `On ${source.name}, ${wereEdited(edited)}: base.sql would hold something else than what ran there`,
      {
        hint: `Nothing was changed. If the edit changes nothing: confiture migrate accept ${shellWord(first.version)}\nOtherwise put the file back as it was: \`confiture migrate show ${shellWord(first.version)}\` prints what ran.`,
        ...(first.file === undefined ? {} : { location: { file: first.file.path } }),
        data: { edited: edited.map(({ version }) => version) },
      },
    );
  }
  const stopped = gone.find(({ standing }) => standing === "stopped");
  if (stopped !== undefined) {
    throw new ConfitureError("squash_refused", `On ${source.name}, ${migrationId(stopped)} stopped half way`, {
      hint: "Nothing was changed. `confiture migrate status` shows how to go on with it.",
      data: { stopped: stopped.version },
    });
  }
  const lacking = openEntries(gone);
  if (lacking.length === 0) return history.some(({ row }) => row !== undefined) ? source.name : undefined;
  if (history.every(({ row }) => row === undefined)) {
    // An empty one begins with the base.
    if (!(await isUsed(await context.config(), context))) return undefined;
    throw new ConfitureError(
      "squash_refused",
      `Nothing is recorded on ${source.name}, which holds something: \`up\` would stop there after it, and so would a build`,
      {
        hint: [
          "Nothing was changed. If that database has what the migrations do, to record it by proof: confiture migrate baseline --proven",
          `If it has none of that: ${upCommand(lacking)}`,
          "If it is of no importance: confiture build --fresh empties it and builds it again, or name another with --env.",
          `What these do not record, as no proof shows all that it does: confiture migrate baseline --through ${shellWord(lacking.at(-1)!.version)}`,
        ].join("\n"),
        data: { lacking: lacking.map(({ version }) => version) },
      },
    );
  }
  throw new ConfitureError(
    "squash_refused",
    `${lacking.map(migrationId).join(", ")} ${agree(lacking.length, "has", "have")} not run on ${source.name}, and could not any more without ${agree(lacking.length, "its file", "their files")}`,
    {
      hint: `Nothing was changed. Run ${agree(lacking.length, "it", "them")} first: ${upCommand(lacking)}`,
      data: { lacking: lacking.map(({ version }) => version) },
    },
  );
}
