import { setTimeout as sleep } from "node:timers/promises";
import { LogLevels } from "consola/core";
import { findSchemaFiles } from "#build/collect.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { heldBack } from "#migrate/phases/held.ts";
import type { HistoryEntry } from "#migrate/history.ts";
import { LAYOUTS } from "#migrate/layouts/registry.ts";
import { refusedFiles } from "#migrate/files/refused.ts";
import { type Status, status } from "#migrate/status.ts";
import { unreadHistory } from "#migrate/import/unread-history.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { tellDatabase } from "../../database-options.ts";
import { contractsByThemselves, migrateOptions } from "../../migrate-options.ts";
import { engineName } from "../../output/text.ts";
import { showMigrateEvents } from "../../output/migrate.ts";
import { CLOSED, entryToJson, renderStatus } from "../../output/status.ts";

export const command = defineCommand({
  args: {
    all: { type: "boolean", description: "show every applied migration, however many there are" },
    watch: { type: "boolean", description: "show backfills every two seconds, until none is running or waiting" },
    "exit-code": {
      type: "boolean",
      description: "exit 3 if a migration is pending, stopped, edited or without its file",
    },
  },
  details:
    "Reads only: takes no lock and creates nothing. Of more than 20 applied migrations it shows the last five; --all and -v\n" +
    "show every one. With -v, it also shows what was edited in a migration after it was applied.",
  examples: [
    "confiture migrate status",
    "confiture migrate status --env production --format json",
    "confiture migrate status --exit-code",
    "confiture migrate status --watch",
  ],
  async run(args, context) {
    const { messages } = context;
    tellDatabase(context, await context.config());
    const options = await migrateOptions(context, undefined, showMigrateEvents(context));
    if (args.watch === true) {
      await watchFills(context, options);
      if (context.io.signal.aborted && !context.json) return { json: {} };
    }
    const isVerbose = messages.level >= LogLevels.debug;
    const asks = { engine: context.json || isVerbose, edits: isVerbose && !context.json };
    const { history, layout, ignored, invalidIndexes, unread, engine, edits } = await readStatus(
      context,
      options,
      asks,
    );
    if (engine !== undefined) messages.debug(engineName(engine));
    for (const { path, why } of ignored) messages.warn(`${path} is left out: ${why}`);
    for (const { name, statement, drop } of invalidIndexes)
      messages.warn(
        `the index ${name} is invalid; what makes it, and what clears it away:\n  ${statement};\n  ${drop};`,
      );
    if (unread !== undefined) {
      const { message, hint } = unreadHistory(unread);
      messages.warn(`${message}. ${hint}`);
    }
    // What is empty is still being written.
    for (const error of await refusedFiles(options.projectDir, history)) {
      if (error.code !== "migration_empty") messages.warn(`${sentence(error)}\n  ${error.hint ?? ""}`);
    }
    if (history.length === 0) messages.log(`No migrations in ${options.dir}`);
    if (layout !== "confiture") messages.log(`Layout of ${options.dir}: ${LAYOUTS[layout].title}`);
    const unrecognised = history.length === 0 && ignored.length > 0;
    const held = heldForPeople(history, contractsByThemselves(await context.config()));
    const open = history.filter(({ standing }) => !CLOSED.has(standing));
    return {
      // One of the two is asked for.
      get json() {
        return {
          migrations: history.map((entry) => entryToJson(entry, held)),
          applied: history.length - open.length,
          pending: open.filter((entry) => entry.standing === "pending").length,
          layout,
          ignored: ignored.map(({ path }) => path),
          invalidIndexes,
          engine: engine ?? null,
        };
      },
      get text() {
        const { paint, io } = context;
        return renderStatus(history, {
          edits,
          held,
          all: args.all === true || isVerbose,
          paint,
          columns: io.stdout.columns,
        });
      },
      exitCode: args["exit-code"] === true && (open.length > 0 || unrecognised) ? 3 : 0,
    };
  },
});

/**
 * A project may have schema files alone, and then has no folder of migrations. Where some are recorded, they were not deployed.
 * @throws ConfitureError as `status`
 */
async function readStatus(
  context: CommandContext,
  options: MigrateOptions,
  asks: Parameters<typeof status>[1],
): Promise<Status> {
  try {
    return await status(options, asks);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "migrations_missing") throw error;
    const { projectDir } = context;
    const { includeDirs, excludeDirs } = await context.config();
    if (findSchemaFiles({ projectDir, includeDirs, excludeDirs }).length === 0) throw error;
    const found = await status(options, { engine: false, ...asks, needsNoFolder: true });
    if (found.history.length > 0) throw error;
    return found;
  }
}

/** A refusal with its place, in one line. */
function sentence({ message, location }: ConfitureError): string {
  if (location?.line === undefined) return message;
  return message.includes(location.file)
    ? `${message} (line ${location.line})`
    : `${location.file}:${location.line}: ${message}`;
}

/** What pending migrations wait for, by version; nothing where a marker is wrong, which `up` tells. */
function heldForPeople(history: readonly HistoryEntry[], byThemselves: boolean): ReadonlyMap<string, string> {
  try {
    const held = heldBack(history, { contractsByThemselves: byThemselves });
    return new Map([...held.values()].map(({ entry, why }) => [entry.version, why]));
  } catch (error) {
    if (error instanceof ConfitureError) return new Map();
    throw error;
  }
}

/** Milliseconds between two looks. */
const AGAIN = 2_000;

/** Shows how far backfills are, for as long as there are any that have begun. */
async function watchFills({ messages, io: { signal } }: CommandContext, options: MigrateOptions): Promise<void> {
  for (;;) {
    const found = await status(options).catch((error: unknown) => {
      // Whoever has seen enough ends it, whatever it was at.
      if (signal.aborted) return undefined;
      throw error;
    });
    const filling = found?.history.filter(({ standing }) => standing === "filling") ?? [];
    if (filling.length === 0 || signal.aborted) return;
    messages.log(renderStatus(filling).trimEnd());
    await sleep(AGAIN, undefined, { signal }).catch(() => {});
  }
}
