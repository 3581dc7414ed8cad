import { setImmediate } from "node:timers/promises";
import { allowingWords } from "#compare/generate/allowing.ts";
import type { Edit } from "#compare/update/apply.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { Contents } from "#compare/sources/unchanged.ts";
import type { SchemaUpdate } from "#compare/update/update.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { ask } from "../../ask.ts";
import { canAsk } from "../../can-ask.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { projectFiles, REPLAY_ARGS } from "../../compare-options.ts";
import { migrateOptions } from "../../migrate-options.ts";
import { changeToJson } from "../../output/changes.ts";
import { forPeople } from "../../output/style.ts";
import { agree, count } from "../../output/text.ts";
import { unifiedDiff } from "../../output/unified-diff.ts";
import { inLine } from "../../output/visible.ts";
import { tellInTwoWays, tellKept } from "../../kept-in-schema.ts";
import { ifReachable } from "../../pick-source.ts";
import { placeFiles } from "../../place-files.ts";
import { tellUnprotected, type Unprotected, unprotectedIn } from "../../unprotected.ts";

export const command = defineCommand({
  args: {
    yes: { type: "boolean", description: "write without asking" },
    check: {
      type: "boolean",
      description:
        "write nothing; exit 3 if the schema files lack something other than rows, or have something otherwise than the migrations",
    },
    take: {
      type: "string",
      valueHint: "NAME",
      description:
        "also bring in what migrations make of this object where the schema files have it otherwise, as after an edit of a migration (several with commas between them)",
    },
    ...REPLAY_ARGS,
  },
  details:
    "Edits the schema files so that they build what base and migrations make: columns, constraints, indexes, views,\n" +
    "functions, policies, grants and comments in place, new objects where others of their kind are. What cannot be edited\n" +
    "in place is appended as a statement of its own. The edited files are built in the embedded PostgreSQL and compared\n" +
    "before anything is written. Rows that migrations leave come into the files that have rows; where there are none, they are\n" +
    "named. What only the schema files have stays. You see a diff and are asked; where there is no\n" +
    "terminal, --yes writes. Exits 3 if something is left that schema files and migrations have in two ways.",
  examples: ["confiture schema update", "confiture schema update --yes", "confiture schema update --check"],
  async run(args, context) {
    if (args.yes === true && args.check === true) {
      throw new ConfitureError("usage", "--yes writes and --check does not: give one of them");
    }
    const files = await projectFiles(context, args);
    const { contents, update } = await planned(context, files, args.take === undefined ? [] : allowingWords(args.take));
    // An interrupt that came while PostgreSQL had the thread is heard only now.
    await setImmediate();
    if (context.io.signal.aborted) throw interrupted();
    tellNotRun(context, update);
    tellKept(context, files, update);
    tellBeforeEdits(context, update);
    tellLackingRows(context, update);
    tellTakenRows(context, update);
    tellOtherValues(context, update);
    // It is there before and after, whatever is written.
    const inTwoWays = tellInTwoWays(update);
    const left = inTwoWays === "" ? {} : { exitCode: 3 as const };
    if (update.files.length === 0) {
      context.messages.log(
        update.kept.length + update.lackingRows.length + update.takenRows.length + update.otherValues.length > 0
          ? "Nothing to write: what differs is named above"
          : `Nothing to update: the schema files hold everything that ${update.notRun.length > 0 ? "the other migrations" : "the migrations"} make`,
      );
      return { json: toJson(update, false), ...left };
    }
    const open = unprotectedIn(files, update);
    const diffs = update.files.map(({ path, before, after }) => unifiedDiff(path, before, after));
    // One that is no part of a line's end would look like one.
    const diff = diffs.join("").replaceAll("\r", String.raw`\r`);
    const found = { json: toJson(update, false, open), text: diff };
    tellUnprotected(context, open);
    tellEdits(context, update);
    tellAmongRows(context, update);
    if (args.check === true) return { ...found, exitCode: 3 };
    if (args.yes !== true && !canAsk(context)) {
      return {
        ...found,
        error: new ConfitureError("schema_update_refused", "Nothing was written: there is nobody to ask", {
          hint: "To write this: confiture schema update --yes",
        }),
      };
    }
    if (args.yes !== true) {
      context.io.stdout.write(forPeople(diff));
      if (!(await isWanted(context, update))) {
        context.messages.log("Nothing was written");
        return { json: found.json, exitCode: 3 };
      }
    }
    await write(context, files, contents, update);
    const summary = `✅ Updated ${count(update.files.length, "schema file")}, proven\n${inTwoWays}`;
    return { json: toJson(update, true, open), text: args.yes === true ? `${diff}${summary}` : summary, ...left };
  },
});

function interrupted(): ConfitureError {
  return new ConfitureError("interrupted", "Interrupted; nothing was written");
}

/** The edits, and the files that they follow from. */
async function planned(
  context: CommandContext,
  files: ProjectFiles,
  take: readonly string[],
): Promise<{ readonly contents: Contents; readonly update: SchemaUpdate }> {
  const [{ updateSchema }, { contentsOf }] = await Promise.all([
    import("#compare/update/update.ts"),
    import("#compare/sources/unchanged.ts"),
  ]);
  const contents = contentsOf(files, ["schema", "migrations"]);
  return {
    contents,
    update: await updateSchema({ ...files, onStep: context.step, take, former: () => formerly(context) }),
  };
}

/** @throws ConfitureError `schema_update_refused` where a file of the project has changed since the edits were planned */
async function write(
  { projectDir }: CommandContext,
  project: ProjectFiles,
  contents: Contents,
  { files }: SchemaUpdate,
): Promise<void> {
  const { requireUnchanged } = await import("#compare/sources/unchanged.ts");
  requireUnchanged(project, contents, { code: "schema_update_refused", undone: "Nothing was written" });
  await placeFiles(
    projectDir,
    files.map(({ path, before, after }) => ({
      path,
      content: after,
      replace: before !== undefined,
      backUp: false,
      expected: before ?? null,
    })),
  );
}

async function isWanted({ io }: CommandContext, { files }: SchemaUpdate): Promise<boolean> {
  const what = files.length === 1 ? "this" : `these ${files.length} files`;
  return /^y(es)?$/i.test(await ask(io, `Write ${what}? [y/N] `, "nothing was written"));
}

function tellNotRun({ messages }: CommandContext, { notRun }: SchemaUpdate): void {
  const last = notRun.at(-1);
  if (last === undefined) return;
  messages.warn(
    `${inLine(notRun.join(", "))} ${agree(notRun.length, "was", "were")} not run, and whether the schema files hold what ${agree(notRun.length, "it does", "they do")} is not known: the first migration needs tables from the schema files, and the way back from these ends at ${inLine(last)}. \`confiture migrate base --from SOURCE\` writes down what there is before the first one`,
  );
}

/** What the environment's own database ran, where the files of migrations say something else by now. */
async function formerly(context: CommandContext): Promise<readonly LoadedMigration[]> {
  const { formerMigrations } = await import("#migrate/former.ts");
  const found = await ifReachable(context, async (config) =>
    formerMigrations(await migrateOptions(context, undefined, undefined, config)),
  );
  return found ?? [];
}

function tellBeforeEdits({ messages }: CommandContext, { beforeEdits }: SchemaUpdate): void {
  if (beforeEdits.length === 0) return;
  messages.log(
    `In the schema files as a migration made ${agree(beforeEdits.length, "it", "them")} before it was edited, which the ledger still knows: ${beforeEdits.map(inLine).join(", ")}`,
  );
}

/** What nobody writes: the files have no place for rows, or other rows are in the way. */
function tellLackingRows({ messages }: CommandContext, { lackingRows, takenRows }: SchemaUpdate): void {
  if (lackingRows.length === 0) return;
  const statements = lackingRows.flatMap(({ sql }) => (sql === undefined ? [] : `${sql};`.split("\n")));
  const rows = lackingRows.reduce((sum, { count: some }) => sum + some, 0);
  const places = [...new Set(lackingRows.flatMap(({ madeAt }) => madeAt ?? []))].map(inLine).join(", ");
  const behind =
    places === "" ? "" : ` behind what makes ${agree(lackingRows.length, "the table", "the tables")} (${places})`;
  messages.warn(
    [
      `${lackingRows.map(({ what }) => inLine(what)).join(", ")}, which migrations leave, ${agree(rows, "is", "are")} not in what the schema files build. Put ${agree(rows, "it", "them")} into a schema file${behind}, or a database that is built is without ${agree(rows, "it", "them")}:`,
      ...statements.map((line) => `  ${inLine(line)}`),
      ...lackingRows.flatMap(({ table, others, otherWhat }) =>
        others === 0 || takenRows.some((taken) => taken.table === table) ? [] : [otherRows(others, otherWhat)],
      ),
    ].join("\n"),
  );
}

/** A row of another key, or one that is gone: what is in the files stays there, and a database that is built has it. */
function tellTakenRows({ messages }: CommandContext, { takenRows }: SchemaUpdate): void {
  for (const { count: rows, what, writtenAt } of takenRows) {
    const where = writtenAt === undefined ? "" : ` (${inLine(writtenAt)})`;
    messages.warn(
      `${inLine(what)} ${agree(rows, "is", "are")} in what the schema files build, and migrations do not leave ${agree(rows, "it", "them")}: they change rows of this table or take some away. Change ${agree(rows, "it", "them")} in the schema files${where}, or take ${agree(rows, "it", "them")} out; nothing was done about ${agree(rows, "it", "them")}`,
    );
  }
}

/** Of columns with computed defaults: the statement of the files that makes the row would have to give the value. */
function tellOtherValues({ messages }: CommandContext, { otherValues }: SchemaUpdate): void {
  if (otherValues.length === 0) return;
  messages.warn(
    `${otherValues.map(inLine).join(", ")}: migrations give other values to columns with computed defaults than the schema files do. Give these values in the schema files as well; nothing was done about them`,
  );
}

function otherRows(others: number, what: string): string {
  return `The schema files make ${inLine(what)} that migrations do not leave. If a migration has changed ${agree(others, "it", "them")}, change ${agree(others, "it", "them")} there in place of adding rows.`;
}

const WORDS: Readonly<Record<Edit["how"], string>> = {
  edited: "edited",
  renamed: "renamed",
  replaced: "replaced",
  removed: "removed",
  added: "new",
  appended: "appended",
  none: "",
};

function tellEdits({ messages }: CommandContext, { edits, files }: SchemaUpdate): void {
  const counts = Map.groupBy(edits, ({ how }) => how);
  messages.log([...counts].map(([how, own]) => `${own.length} ${WORDS[how]}`).join(", "));
  for (const { path, after } of files) {
    if (after === undefined) messages.log(`${inLine(path)} is removed: nothing is left in it`);
  }
  for (const { file, sql } of counts.get("appended") ?? []) {
    messages.log(
      `Appended to ${inLine(file)}, as it could not be edited in place: ${inLine(sql.replaceAll(/\s+/g, " "))}`,
    );
  }
}

/** A file of rows is one that environments leave out. */
function tellAmongRows({ messages }: CommandContext, { amongRows }: SchemaUpdate): void {
  for (const { file, sql } of amongRows) {
    messages.warn(
      `${inLine(file)} held nothing but rows, and this is written behind them: ${inLine(sql.replaceAll(/\s+/g, " "))}. An environment whose include_dirs leave that file out would be without it; move it where its object is made`,
    );
  }
}

function toJson(
  { files, edits, kept, lackingRows, takenRows, otherValues }: SchemaUpdate,
  written: boolean,
  unprotected: readonly Unprotected[] = [],
): Record<string, unknown> {
  return {
    files: files.map(({ path, before, after }) => ({
      path,
      change: before === undefined ? "created" : after === undefined ? "removed" : "changed",
      diff: unifiedDiff(path, before, after),
    })),
    edits: edits.map(({ name, how, file, sql }) => ({ name, how, file, sql })),
    unprotected,
    kept: kept.map(changeToJson),
    lackingRows: lackingRows.map(({ table, count: rows, sql, others }) => ({ table, rows, sql: sql ?? null, others })),
    takenRows: takenRows.map(({ table, count: rows }) => ({ table, rows })),
    otherValues,
    written,
  };
}
