import { LogLevels } from "consola/core";
import { giveBackMemory } from "#compare/engine/memory.ts";
import type { PlannedMigration } from "#migrate/dry-run.ts";
import type { Direction } from "#migrate/events.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { ConfitureError } from "#errors/error.ts";
import type { CommandContext, Outcome } from "./command.ts";
import { projectFiles } from "./compare-options.ts";
import { pendingLosses } from "#migrate/warnings/pending-losses.ts";
import { migrateOptions } from "./migrate-options.ts";
import { nothingToRollBack } from "./nothing-to-roll-back.ts";
import { count } from "./output/text.ts";
import { inLine } from "./output/visible.ts";
import { findPending, tracePending } from "./pending.ts";

/** What each direction is called when it is done, and what is said when nothing is to be done. */
const SAID = {
  up: { done: "applied", nothing: () => Promise.resolve("No pending migrations") },
  down: { done: "rolled back", nothing: nothingToRollBack },
} as const;

/**
 * `migrate up --dry-run` and `migrate down --dry-run`: the migrations' SQL on standard output, with `-v` also what the runner
 * sends around it, so that psql could do the same; what it is on standard error.
 */
export async function dryRunCommand(
  context: CommandContext,
  direction: Direction,
  plan: (options: MigrateOptions) => Promise<readonly PlannedMigration[]>,
  factsOf: (planned: readonly PlannedMigration[]) => Promise<Facts> = () => Promise.resolve(NO_FACTS),
): Promise<Outcome> {
  const isVerbose = context.messages.level >= LogLevels.debug;
  const options = await migrateOptions(context);
  const planned = await plan(options);
  const { done, nothing } = SAID[direction];
  context.messages.log(
    planned.length === 0
      ? await nothing(context, options)
      : `Dry run: ${count(planned.length, "migration")} would be ${done}, nothing was`,
  );
  const facts = context.json ? NO_FACTS : await factsOf(planned);
  return {
    json: {
      dryRun: true,
      migrations: planned.map(({ file, transactional, statements, own, incomplete }) => ({
        version: file.version,
        name: file.name,
        file: file.path,
        transactional,
        statements,
        own,
        incomplete: incomplete ?? null,
      })),
    },
    script: planned
      .map((migration) =>
        isVerbose
          ? render(migration, migration.statements, facts) + stop(migration)
          : render(migration, migration.own, facts),
      )
      .join("\n"),
  };
}

/** What migrations do to a database in use, in lines, by their files. */
type Facts = ReadonlyMap<string, readonly string[]>;

const NO_FACTS: Facts = new Map();

/**
 * Tries the migrations out in a scratch database, as `migrate plan` does. The code of TypeScript migrations has run for the
 * dry run and does not run again: where there is any, nothing is tried.
 */
export async function factsOfPlanned(
  context: CommandContext,
  limits: Parameters<typeof findPending>[1],
  planned: readonly PlannedMigration[],
): Promise<Facts> {
  if (planned.length === 0) return NO_FACTS;
  if (planned.some(({ file }) => file.form === "typescript")) {
    if ((await context.config()).protected) {
      context.messages.log(
        "What `up` asks for on this protected environment: `confiture migrate plan` says it, and runs code once more",
      );
    }
    return NO_FACTS;
  }
  try {
    const { factsByFile } = await import("./output/plan-comments.ts");
    const { limitLines, notReplayedInWords } = await import("./output/plan-words.ts");
    const { foreseeLimits } = await import("./above-limits.ts");
    const pending = await findPending(context, limits, undefined);
    // Files have been read for the dry run already, by then some of them twice.
    giveBackMemory();
    const trace = await tracePending(context, await projectFiles(context), pending);
    giveBackMemory();
    const config = await context.config();
    const losses = config.protected ? await pendingLosses(await migrateOptions(context), limits) : undefined;
    const above = foreseeLimits(config, trace, pending.sizes, losses);
    if (trace.notReplayed !== undefined) context.messages.log(notReplayedInWords(trace.notReplayed));
    for (const line of limitLines(above)) context.messages.log(line);
    return factsByFile({ trace, sizes: pending.sizes });
  } catch (error) {
    // What is printed is right without it.
    if (!(error instanceof ConfitureError) || error.code === "interrupted") throw error;
    context.messages.debug(`Not tried out: ${error.message}`);
    const config = await context.config();
    if (config.protected && config.limits !== undefined) {
      context.messages.warn(
        `what is pending could not be tried, so \`up\` stops before anything runs, unless it is confirmed: ${error.message}${error.hint === undefined ? "" : `\n${error.hint}`}`,
      );
    }
    return NO_FACTS;
  }
}

function render(
  { file, transactional, incomplete }: PlannedMigration,
  statements: readonly string[],
  facts: Facts,
): string {
  const heading = `-- ${migrationId(file)} (${file.path}), ${transactional ? "in one transaction" : "outside a transaction"}\n`;
  const seen = (facts.get(file.path) ?? []).map((fact) => `--   ${inLine(fact)}\n`).join("");
  const note = incomplete === undefined ? "" : `-- The rest is not known: ${incomplete}\n`;
  // The end of a COPY block stands alone on its line.
  const ended = statements.map((statement) => (statement.endsWith("\n\\.") ? `${statement}\n` : `${statement};\n`));
  return heading + seen + ended.join("") + note;
}

/** Whoever runs the script is not to go on behind a migration of which a part is missing. */
function stop({ file, transactional, incomplete }: PlannedMigration): string {
  if (incomplete === undefined) return "";
  const said = quoteLiteral(`${migrationId(file)} is not known to its end`);
  return `${transactional ? "rollback;\n" : ""}\\set ON_ERROR_STOP 1\ndo $$ begin raise exception using message = ${said}; end $$;\n`;
}
