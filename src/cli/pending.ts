import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import type { Trace } from "#compare/trace/facts.ts";
import { readSizes, type Sizes } from "#compare/trace/sizes.ts";
import { traceMigrations } from "#compare/trace/trace.ts";
import { withDatabase } from "#database/open.ts";
import type { HistoryEntry } from "#migrate/history.ts";
import type { MigrationFile } from "#migrate/migration-file.ts";
import { planUp } from "#migrate/plan.ts";
import { isUnmade, status } from "#migrate/status.ts";
import { isBase } from "#migrate/version.ts";
import type { CommandContext } from "./command.ts";
import { openOptions } from "./database-options.ts";
import { migrateOptions } from "./migrate-options.ts";

/** Where the database's own is not known: a timestamp that gets a time zone is rewritten in all but UTC. */
const SOME_ZONE = "Etc/GMT-1";

/** Where a project keeps rows to try statements on. */
export const FIXTURES = "db/fixtures";

/** What would run in the database of the environment, and what there is before it. */
export interface Pending {
  readonly migrations: readonly MigrationFile[];
  readonly applied: readonly MigrationFile[] | undefined;
  readonly otherwise: Source | undefined;
  readonly sizes: Sizes | undefined;
  /** The base among them, where it would run as well. */
  readonly all: readonly MigrationFile[];
  readonly history: readonly HistoryEntry[];
}

/** What is pending in the database of the environment, and how large its tables are. */
export async function findPending(
  context: CommandContext,
  limits: Parameters<typeof planUp>[1],
  given: Sizes | undefined,
): Promise<Pending> {
  const options = await migrateOptions(context);
  const { target } = options;
  const { history } = await status(options);
  // The base is what there is before; it is in nobody's way.
  const all = planUp(history, limits);
  const migrations = all.filter(({ version }) => !isBase(version));
  const applied = history.flatMap(({ file, standing, version }) =>
    file !== undefined && standing === "applied" && !isBase(version) ? [file] : [],
  );
  const sizes =
    given ??
    (isUnmade(target) || migrations.length === 0
      ? undefined
      : await withDatabase(target, openOptions(context), (database) => readSizes(database, new Date())));
  return { migrations, applied, otherwise: { kind: "live", target, name: "the database" }, sizes, all, history };
}

/**
 * Runs it in a scratch database.
 * @param fixtures a folder of rows; the project's own when undefined, if it is there
 * @throws ConfitureError as `traceMigrations`
 */
export async function tracePending(
  context: CommandContext,
  files: ProjectFiles,
  { migrations, applied, otherwise, sizes }: Pick<Pending, "migrations" | "applied" | "otherwise" | "sizes">,
  fixtures?: string,
): Promise<Trace> {
  const isThere = existsSync(join(context.projectDir, FIXTURES));
  return await traceMigrations({
    ...files,
    migrations,
    applied,
    otherwise,
    timeZone: sizes?.timeZone ?? SOME_ZONE,
    fixturesDir: fixtures ?? (isThere ? FIXTURES : undefined),
    onStep: (step) => context.messages.debug(step),
  });
}
