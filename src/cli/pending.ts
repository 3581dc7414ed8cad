import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import type { Trace, TraceOptions } from "#compare/trace/facts.ts";
import { hiddenTables, readsTables, withHiddenRows } from "#compare/trace/hidden-rows.ts";
import { readSizes, type Sizes } from "#compare/trace/sizes.ts";
import { traceMigrations } from "#compare/trace/trace.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import type { HistoryEntry } from "#migrate/history.ts";
import { requireRecognised } from "#migrate/files/discover.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { heldWithin } from "#migrate/phases/held-migrations.ts";
import { type HeldMigration } from "#migrate/run/report.ts";
import { planUp } from "#migrate/plan.ts";
import { isUnmade, status } from "#migrate/status.ts";
import { isBase } from "#migrate/files/version.ts";
import { recreatedBy } from "#migrate/warnings/recreated.ts";
import { takenAlong } from "#migrate/warnings/taken-along.ts";
import { lossesOfTaken, mayCascade, type TakenObject } from "#sql/effects/cascading.ts";
import { mayRecreate } from "#sql/effects/made-objects.ts";
import { Statement } from "#sql/statement.ts";
import type { CommandContext } from "./command.ts";
import { FIXTURES } from "./compare-options.ts";
import { inLine } from "./output/visible.ts";
import { openOptions } from "./database-options.ts";
import { migrateOptions } from "./migrate-options.ts";

/** Where the database's own is not known: a timestamp that gets a time zone is rewritten in all but UTC. */
const SOME_ZONE = "Etc/GMT-1";

/** What would run in the database of the environment, and what there is before it. */
export interface Pending {
  readonly migrations: readonly MigrationFile[];
  readonly applied: readonly MigrationFile[] | undefined;
  readonly otherwise: Source | undefined;
  readonly sizes: Sizes | undefined;
  /** The base among them, where it would run as well. */
  readonly all: readonly MigrationFile[];
  readonly history: readonly HistoryEntry[];
  /** What would not run, for it waits. */
  readonly held: readonly HeldMigration[];
}

/** What is pending in the database of the environment, and how large its tables are. */
export async function findPending(
  context: CommandContext,
  limits: Parameters<typeof planUp>[1],
  given: Sizes | undefined,
): Promise<Pending> {
  const options = await migrateOptions(context);
  requireRecognised(options);
  const { target } = options;
  const { history } = await status(options);
  // The base is what there is before; it is in nobody's way.
  const all = planUp(history, limits);
  const held = heldWithin(history, limits);
  const migrations = all.filter(({ version }) => !isBase(version));
  const applied = history.flatMap(({ file, standing, version }) =>
    file !== undefined && standing === "applied" && !isBase(version) ? [file] : [],
  );
  const sizes = given ?? (migrations.length === 0 ? undefined : await sizesOf(context, target));
  return { migrations, applied, otherwise: { kind: "live", target, name: "the database" }, sizes, all, history, held };
}

/** Undefined where there is no database yet. */
export async function sizesOf(context: CommandContext, target: Target): Promise<Sizes | undefined> {
  if (isUnmade(target)) return undefined;
  return await withDatabase(target, openOptions(context), (database) => readSizes(database, new Date()));
}

/** Of the database for which statements are tried, and the rows to try them on. */
export function traceSettings(
  context: CommandContext,
  sizes: Sizes | undefined,
  fixtures?: string,
): Pick<TraceOptions, "timeZone" | "postgres" | "fixturesDir" | "onStep" | "onUnloaded"> {
  const isThere = existsSync(join(context.projectDir, FIXTURES));
  return {
    timeZone: sizes?.timeZone ?? SOME_ZONE,
    postgres: sizes?.postgres,
    fixturesDir: fixtures ?? (isThere ? FIXTURES : undefined),
    onStep: context.step,
    onUnloaded: (file, { message, location }) => {
      const place = location?.line === undefined ? file : `${file}:${location.line}`;
      context.messages.warn(`rows of ${inLine(place)} could not be loaded, so others were made up: ${inLine(message)}`);
    },
  };
}

/**
 * Runs it in a scratch database.
 * @throws ConfitureError as `traceMigrations`
 */
export async function tracePending(
  context: CommandContext,
  files: ProjectFiles,
  { migrations, applied, otherwise, sizes }: Pick<Pending, "migrations" | "applied" | "otherwise" | "sizes">,
  fixtures?: string,
  triesBack = false,
): Promise<Trace> {
  const trace = await traceMigrations({
    ...files,
    triesBack,
    migrations,
    applied,
    otherwise,
    trustsOtherwise: true,
    ...traceSettings(context, sizes, fixtures),
  });
  if (otherwise?.kind !== "live" || isUnmade(otherwise.target)) return trace;
  const told = await withRecreated(context, trace, otherwise.target);
  if (!readsTables(told)) return told;
  return withHiddenRows(told, await withDatabase(otherwise.target, openOptions(context), hiddenTables));
}

/** With what the database has on objects that are made again, and what goes by CASCADE: the scratch database has nothing made by hand. */
async function withRecreated(context: CommandContext, trace: Trace, target: Target): Promise<Trace> {
  const each = trace.migrations.map(({ statements }) => statements.map(({ sql }) => Statement.of(sql)));
  if (!(mayRecreate(each) || each.flat().some(mayCascade))) return trace;
  const [recreated, along] = await withDatabase(target, openOptions(context), async (database) => [
    await recreatedBy(each, database),
    await takenAlong(each.flat(), database),
  ]);
  if (recreated.size + along.size === 0) return trace;
  const migrations = trace.migrations.map((migration, index) => ({
    ...migration,
    statements: migration.statements.map((facts, at) => {
      const statement = each[index]![at]!;
      const { losses = [], exposures = [] } = recreated.get(statement) ?? {};
      const isTold = ({ name }: TakenObject): boolean => facts.takesAlong.some((one) => one.name === name);
      const others = (along.get(statement) ?? []).filter((one) => !isTold(one));
      return {
        ...facts,
        loses: [...facts.loses, ...losses, ...lossesOfTaken(others)],
        takesAlong: [...facts.takesAlong, ...others],
        exposes: [...facts.exposes, ...exposures],
      };
    }),
  }));
  return { ...trace, migrations };
}
