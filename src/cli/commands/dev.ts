import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "#compare/catalogue/changes.ts";
import type { Look } from "#compare/dev.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { DEFAULT_ENVIRONMENT } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { stampOf } from "#files/stamps.ts";
import { type CommandContext, defineCommand, type Outcome } from "../command.ts";
import { projectFiles, REPLAY_ARGS } from "../compare-options.ts";
import { lintPending } from "../lint-pending.ts";
import { changeToJson, renderChanges } from "../output/changes.ts";
import { renderError } from "../output/diagnostic.ts";
import { findingToJson, renderLint } from "../output/lint.ts";
import { forPeople } from "../output/style.ts";
import { count, formatDuration } from "../output/text.ts";

/** Milliseconds between two looks at the files. Folders that are mounted into a container tell of no change by themselves. */
const LOOK = 100;

export const command = defineCommand({
  args: {
    apply: {
      type: "boolean",
      description: "keep the environment's database in step; nothing is dropped there without being asked",
    },
    once: { type: "boolean", description: "look once and end; exit 3 if schema files and migrations differ" },
    ...REPLAY_ARGS,
  },
  details:
    "Watches the schema files and the migrations. Whenever one is saved, builds the schema files in the embedded PostgreSQL\n" +
    "and shows the error with its place, or what differs from what the migrations make, and what lint says of migrations\n" +
    "that the environment's database does not have. With --apply, that database follows the schema files: see\n" +
    "`confiture apply --help`. Ctrl-C ends it.",
  examples: ["confiture dev", "confiture dev --apply", "confiture dev --once"],
  async run(args, context) {
    if (context.json && args.once !== true) {
      throw new ConfitureError("usage", "`confiture dev` has no end, so --format json goes with --once");
    }
    if (args.apply === true && args.once === true) {
      throw new ConfitureError("usage", "--apply keeps a database in step for as long as it runs, and --once ends", {
        hint: "To look: confiture dev --once\nTo bring the database in step once: confiture apply",
      });
    }
    if (args.apply === true) await refuseProtected(context);
    const { watchProject } = await import("#compare/dev.ts");
    let files = await projectFiles(context, args);
    let watcher = watchProject(files);
    if (args.once === true) return await lookOnce(context, files, await watcher.look());
    const { signal } = context.io;
    let settings = settingsStamp(context);
    let last: string | undefined;
    const shown = { lint: "" };
    let lintHere = lintIfPossible(context, files);
    context.messages.log("Watching the schema files and migrations (Ctrl-C ends this)");
    while (!signal.aborted) {
      const now = settingsStamp(context);
      const stamp = `${now}\n\n${watcher.stamp()}`;
      if (stamp === last) {
        await sleep(LOOK, undefined, { signal }).catch(() => {});
        continue;
      }
      if (last !== undefined) context.io.stdout.write(forPeople("\n"));
      last = stamp;
      if (now !== settings) {
        context.forgetConfig();
        try {
          if (args.apply === true) await refuseProtected(context);
          files = await projectFiles(context, args);
        } catch (error) {
          context.io.stdout.write(forPeople(renderSavedError(context, error)));
          continue;
        }
        settings = now;
        watcher = watchProject(files);
        lintHere = lintIfPossible(context, files);
      }
      await lookAndTell(context, lintHere, await watcher.look(), args.apply === true, shown);
    }
    throw new ConfitureError("interrupted", "Interrupted");
  },
});

/** Of what says how the files are read: an environment, and what it may name, or how they are linted. */
function settingsStamp({ projectDir, environment = DEFAULT_ENVIRONMENT }: CommandContext): string {
  const files = ["yaml", "yml"].map((extension) => `db/environments/${environment}.${extension}`);
  return stampOf(projectDir, [...files, ".env", "db/lint.yaml"]);
}

/** @throws what the next save cannot put right */
function renderSavedError(context: CommandContext, error: unknown): string {
  if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
  return renderError(context.aim(error), context.paint);
}

/** @param shown what stands on the screen already, and is not said again */
async function lookAndTell(
  context: CommandContext,
  lintHere: Lint,
  look: Look,
  applies: boolean,
  shown: { lint: string },
): Promise<void> {
  const tell = (text: string): void => context.io.stdout.write(forPeople(text));
  tell(renderLook(look, context, applies));
  if (look.migrationsError === undefined) {
    const linted = await lintHere();
    const text = linted === undefined ? "" : renderLinted(linted, context);
    if (text !== shown.lint) tell(text);
    shown.lint = text;
  }
  if (!applies || look.schemaError !== undefined) return;
  const { keepInStep } = await import("../keep-in-step.ts");
  await keepInStep(context, tell).catch((error: unknown) => {
    tell(renderSavedError(context, error));
  });
}

/** @throws ConfitureError `protected` */
async function refuseProtected(context: CommandContext): Promise<void> {
  const config = await context.config();
  if (!config.protected) return;
  throw new ConfitureError("protected", `The environment "${config.environment ?? ""}" is protected`, {
    hint: "`confiture dev --apply` is for a database of your own.",
  });
}

/** Undefined where the database cannot be asked what it has. */
type Lint = () => Promise<Awaited<ReturnType<typeof lintPending>> | undefined>;

/** Says once why there is no lint. */
function lintIfPossible(context: CommandContext, files: ProjectFiles): Lint {
  let said = "";
  return async () => {
    try {
      return await lintPending(context, files);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
      if (error.message !== said) context.messages.log(`Pending migrations are not linted: ${error.message}`);
      said = error.message;
      return undefined;
    }
  };
}

async function lookOnce(context: CommandContext, files: ProjectFiles, look: Look): Promise<Outcome> {
  const { schemaFiles, changes, duration } = look;
  const error = look.schemaError ?? look.migrationsError;
  const linted = error === undefined ? await lintIfPossible(context, files)() : undefined;
  return {
    json: {
      schemaFiles,
      changes: changes?.map(changeToJson) ?? null,
      findings: linted?.findings.map(findingToJson) ?? [],
      durationMs: Math.round(duration),
    },
    text: renderBuilt(look, context) + (linted === undefined ? "" : renderLinted(linted, context)),
    error,
    exitCode: changes?.length === 0 ? 0 : 3,
  };
}

function renderLook(look: Look, context: CommandContext, applies: boolean): string {
  const error = look.schemaError ?? look.migrationsError;
  return (
    renderBuilt(look, context, applies) + (error === undefined ? "" : renderError(context.aim(error), context.paint))
  );
}

/**
 * What could be made, and how it differs.
 * @param applies whether the database follows by itself
 */
function renderBuilt(look: Look, { paint }: CommandContext, applies = false): string {
  const { schemaFiles, schemaError, changes, duration } = look;
  if (schemaError !== undefined) return "";
  const built = `✅ ${count(schemaFiles, "schema file")} built in ${formatDuration(duration)}\n`;
  if (changes === undefined) return built;
  if (changes.length === 0) return `${built}   The migrations make the same\n`;
  const next = nextStep(look, changes, applies);
  return `${built}   + only in the schema files, - only made by the migrations, ~ not the same:\n${renderChanges(changes, paint)}${next}`;
}

/** Without migrations, the schema files may be all there is. */
function nextStep({ hasMigrations }: Look, changes: readonly Change[], applies: boolean): string {
  if (!hasMigrations) {
    return applies ? "" : "   Next: confiture apply, or confiture migrate generate NAME for a first migration\n";
  }
  const isAhead = changes.every(({ change }) => change === "added");
  return `   Next: confiture migrate generate NAME${isAhead ? "" : ", or confiture schema update"}\n`;
}

function renderLinted(
  { findings, files, ignored }: Awaited<ReturnType<typeof lintPending>>,
  { paint }: CommandContext,
): string {
  return files.length === 0 ? "" : renderLint(findings, files, ignored, paint);
}
