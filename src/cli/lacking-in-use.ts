import type { Change } from "#compare/catalogue/changes.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { status } from "#migrate/status.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside, type ScratchArgs } from "./compare-options.ts";
import { migrateOptions } from "./migrate-options.ts";
import { HEAD, hasNoFiles, ifReachable, isBehind, isUsed } from "./pick-source.ts";

/** What the schema files hold beyond what is in use: the environment's own database, or else the last commit. */
export interface LackingInUse {
  /** "the database of environment local" */
  readonly name: string;
  /** How it is named as a source: "env:local"; undefined where there is no short name. */
  readonly source: string | undefined;
  /** Whether it can be taken as a source: the history of a database is that of the files. */
  readonly isFit: boolean;
  /** What it lacks or has otherwise, and no pending migration makes. */
  readonly changes: readonly Change[];
}

/**
 * Undefined where nothing tells: the environment's database cannot be reached, or nothing is in it yet, and there is no commit
 * with schema files.
 */
export async function lackingInUse(context: CommandContext, scratch: ScratchArgs): Promise<LackingInUse | undefined> {
  return (
    (await lackingInDatabase(context, scratch)) ?? (await lackingInHead(await filesBeside(context, scratch, undefined)))
  );
}

async function lackingInDatabase(context: CommandContext, scratch: ScratchArgs): Promise<LackingInUse | undefined> {
  const { findDrift } = await import("#compare/drift.ts");
  return await ifReachable(context, async (config) => {
    const { target, name, environment, drift } = config;
    if (!(await isUsed(config, context))) return undefined;
    const { history } = await status(await migrateOptions(context, undefined, undefined, config));
    const { changes } = await findDrift({
      ...(await filesBeside(context, scratch, target)),
      target,
      against: undefined,
      terms: { owners: false, grants: false, extensionVersions: false },
      ignore: drift.ignore,
    });
    return {
      name,
      source: environment === null ? undefined : `env:${environment}`,
      isFit: isBehind(history),
      changes: changes.filter(({ change }) => change !== "added"),
    };
  });
}

async function lackingInHead(files: ProjectFiles): Promise<LackingInUse | undefined> {
  const [{ compareCatalogues }, { sourceCatalogue }] = await Promise.all([
    import("#compare/catalogue/changes.ts"),
    import("#compare/sources/sources.ts"),
  ]);
  try {
    const committed = await sourceCatalogue(files, HEAD.source);
    const changes = compareCatalogues(await sourceCatalogue(files, { kind: "schema" }), committed);
    return {
      name: HEAD.name,
      source: "git:HEAD",
      isFit: true,
      changes: changes.filter(({ change }) => change !== "added"),
    };
  } catch (error) {
    if (error instanceof ConfitureError && hasNoFiles(error)) return undefined;
    throw error;
  }
}
