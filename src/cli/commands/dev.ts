import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "#compare/catalogue/changes.ts";
import type { Look, Watcher } from "#compare/dev.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { DEFAULT_ENVIRONMENT } from "#config/config.ts";
import { ERROR_CODES } from "#errors/codes.ts";
import { ConfitureError } from "#errors/error.ts";
import { stampOf } from "#files/stamps.ts";
import { type CommandContext, defineCommand, type Outcome } from "../command.ts";
import { projectFiles, REPLAY_ARGS } from "../compare-options.ts";
import { NO_LEDGER_ARG, refuseMigrations } from "../kept-by-migrations.ts";
import { lintPending } from "../lint-pending.ts";
import { changeToJson, renderChanges } from "../output/changes.ts";
import { renderError } from "../output/diagnostic.ts";
import { findingToJson, renderLint } from "../output/lint.ts";
import { forPeople, type Paint } from "../output/style.ts";
import { count, formatDuration } from "../output/text.ts";
import { fit } from "../output/wrap.ts";
import { explainNoSchemaFiles } from "../without-schema-files.ts";

/** Milliseconds between two looks at the files. Folders that are mounted into a container tell of no change by themselves. */
const LOOK = 100;

/** What becomes of it where another signal was sent, the process knows. */
const INTERRUPTED = ERROR_CODES.interrupted.exit;

export const command = defineCommand({
  args: {
    apply: {
      type: "boolean",
      description: "keep the environment's database in step; nothing is dropped there without being asked",
    },
    ...NO_LEDGER_ARG,
    once: { type: "boolean", description: "look once and end; exit 3 if schema files and migrations differ" },
    ...REPLAY_ARGS,
  },
  details:
    "Watches the schema files and the migrations. Whenever one is saved, builds the schema files in the embedded PostgreSQL\n" +
    "and shows the error with its place, or what differs from what the migrations make, and what lint says of migrations\n" +
    "that the environment's database does not have. With --apply, that database follows the schema files, unless there are\n" +
    "migrations: see `confiture apply --help`. Ctrl-C ends it.",
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
    if (args["no-ledger"] === true && args.apply !== true) {
      throw new ConfitureError("usage", "--no-ledger goes with --apply");
    }
    if (args.apply === true) await refuseProtected(context);
    const { watchProject } = await import("#compare/dev.ts");
    let files = await projectFiles(context, args);
    const besideMigrations = args["no-ledger"] === true;
    if (args.apply === true && !besideMigrations) {
      await refuseMigrations(context, await context.config(), files, "confiture dev --apply");
    }
    let watcher = watchProject(files, settingsPaths(context));
    if (args.once === true) return await lookOnce(context, files, watcher);
    const { signal } = context.io;
    let settings = settingsStamp(context);
    const stampNow = (): string => `${settingsStamp(context)}\n\n${watcher.stamp()}`;
    let last: string | undefined;
    const shown = { lint: "" };
    let lintHere = lintIfPossible(context, files);
    context.messages.log("Watching the schema files and migrations (Ctrl-C ends this)");
    while (!signal.aborted) {
      const now = settingsStamp(context);
      const stamp = stampNow();
      if (stamp === last) {
        context.live.end();
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
          tellSavedError(context, error);
          continue;
        }
        settings = now;
        watcher = watchProject(files, settingsPaths(context));
        lintHere = lintIfPossible(context, files);
      }
      context.step("Building the schema files and running the migrations");
      const look = await watcher.look().catch(unlessStopped(signal));
      if (look === undefined) {
        last = undefined;
        continue;
      }
      const mode = args.apply === true ? "applying" : "watching";
      const isStill = (): boolean => stampNow() === stamp;
      const telling = lookAndTell(context, lintHere, look, { mode, shown, besideMigrations, isStill });
      // What was begun in the environment's database, and is not done, has to be said.
      const isDone = await (mode === "applying" ? telling : telling.catch(unlessStopped(signal)));
      if (isDone !== true) last = "";
      else watcher.prepare();
    }
    // It has no other end, so this is no error.
    context.messages.log("Stopping");
    return { json: {}, exitCode: INTERRUPTED };
  },
});

/** Takes the failure of work in scratch databases that a signal has ended: nobody misses it. */
function unlessStopped(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted) throw error;
    return undefined;
  };
}

/** What says how the files are read: an environment, and what it may name, or how they are linted. */
function settingsPaths({ environment = DEFAULT_ENVIRONMENT }: CommandContext): string[] {
  const files = ["yaml", "yml"].map((extension) => `db/environments/${environment}.${extension}`);
  return [...files, ".env", "db/lint.yaml"];
}

function settingsStamp(context: CommandContext): string {
  return stampOf(context.projectDir, settingsPaths(context));
}

/** @throws what the next save cannot put right */
function tellSavedError(context: CommandContext, error: unknown): void {
  if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
  // Its commands are aimed already, perhaps at another database.
  context.io.stdout.write(fit(context.io.stdout, forPeople(renderError(context.aim(error), context.paint))));
}

/** `once` for a look that ends the command, `applying` where the database follows the schema files by itself. */
type Mode = "once" | "watching" | "applying";

interface Telling {
  readonly mode: Mode;
  /** What stands on the screen already, and is not said again. */
  readonly shown: { lint: string };
  /** Whether the database follows where there are migrations as well. */
  readonly besideMigrations: boolean;
  /** Whether nothing was saved since the look. */
  readonly isStill: () => boolean;
}

/** @returns false where something has to be looked at anew */
async function lookAndTell(
  context: CommandContext,
  lintHere: Lint,
  look: Look,
  { mode, shown, besideMigrations, isStill }: Telling,
): Promise<boolean> {
  context.tell(renderBuilt(look, context, mode));
  const error = await savedError(look, context);
  if (error !== undefined) tellSavedError(context, error);
  if (look.migrationsError === undefined) {
    if (look.hasMigrations) context.step("Linting the pending migrations");
    const linted = look.hasMigrations ? await lintHere() : undefined;
    const text = linted === undefined ? "" : renderLinted(linted, context);
    if (text !== shown.lint) context.tell(text);
    shown.lint = text;
  }
  if (mode !== "applying" || look.schemaError !== undefined) return true;
  const { keepInStep } = await import("../keep-in-step.ts");
  try {
    return !(await keepInStep(context, besideMigrations, isStill));
  } catch (thrown) {
    tellSavedError(context, thrown);
    return true;
  }
}

async function savedError(
  { schemaError, migrationsError }: Look,
  context: CommandContext,
): Promise<Look["schemaError"]> {
  return schemaError === undefined ? migrationsError : await explainNoSchemaFiles(schemaError, context);
}

/** @throws ConfitureError `protected` */
async function refuseProtected(context: CommandContext): Promise<void> {
  const config = await context.config();
  if (!config.protected) return;
  throw new ConfitureError("protected", `The environment "${config.environment ?? ""}" is protected`, {
    hint: "`--apply` is for a database of your own. To watch the files alone: confiture dev",
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

async function lookOnce(context: CommandContext, files: ProjectFiles, watcher: Watcher): Promise<Outcome> {
  const look = await watcher.look();
  // Of what was saved meanwhile.
  if (look === undefined) return await lookOnce(context, files, watcher);
  const { schemaFiles, changes, duration } = look;
  const error = await savedError(look, context);
  const linted = error === undefined && look.hasMigrations ? await lintIfPossible(context, files)() : undefined;
  return {
    json: {
      schemaFiles,
      changes: changes?.map(changeToJson) ?? null,
      findings: linted?.findings.map(findingToJson) ?? [],
      durationMs: Math.round(duration),
    },
    text: renderBuilt(look, context, "once") + (linted === undefined ? "" : renderLinted(linted, context)),
    error,
    exitCode: changes?.length === 0 ? 0 : 3,
  };
}

/** What could be made, and how it differs. */
function renderBuilt(look: Look, { paint }: CommandContext, mode: Mode): string {
  const { schemaFiles, schemaError, changes, duration, hasMigrations } = look;
  if (schemaError !== undefined) return "";
  const built = `✅ ${count(schemaFiles, "schema file")} built in ${formatDuration(duration)}\n`;
  if (changes === undefined) return built;
  if (!hasMigrations) return built + withoutMigrations(changes, paint, mode);
  if (changes.length === 0) return `${built}   The migrations make the same\n`;
  return `${built}   + only in the schema files, - only made by the migrations, ~ not the same:\n${renderChanges(changes, paint)}${nextStep(look)}`;
}

/** The schema files may be all there is: nothing differs from anything. */
function withoutMigrations(changes: readonly Change[], paint: Paint, mode: Mode): string {
  if (mode === "applying" || changes.length === 0) return "";
  const list =
    mode === "once" ? `   There are no migrations yet that make this:\n${renderChanges(changes, paint)}` : "";
  return `${list}   Next: confiture apply, or confiture migrate generate NAME for a first migration\n`;
}

function nextStep({ isNewInSchema }: Look): string {
  if (isNewInSchema) return "   Next: confiture migrate generate NAME\n";
  return (
    "   Next, if the schema files are right: confiture migrate generate NAME (writes a migration for what they say)\n" +
    "   If the migrations are right: confiture schema update (brings what they did into the schema files)\n"
  );
}

function renderLinted(
  { findings, files, ignored }: Awaited<ReturnType<typeof lintPending>>,
  { paint }: CommandContext,
): string {
  return files.length === 0 ? "" : renderLint(findings, files, ignored, paint);
}
