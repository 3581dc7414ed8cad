import type { Change } from "#compare/catalogue/changes.ts";
import { status } from "#migrate/status.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { migrateOptions } from "./migrate-options.ts";
import { ifReachable, isBehind, isUsed } from "./pick-source.ts";

/** What the schema files hold beyond the environment's own database. */
export interface LackingInUse {
  /** "the database of environment local" */
  readonly name: string;
  /** How the database is named as a source: "env:local"; undefined where there is no short name. */
  readonly source: string | undefined;
  /** Whether its history is that of the files, so that it can be taken as a source. */
  readonly isFit: boolean;
  /** What it lacks or has otherwise, and no pending migration makes. */
  readonly changes: readonly Change[];
}

/** Undefined where the environment's database cannot be reached or told, or nothing is in it yet. */
export async function lackingInUse(
  context: CommandContext,
  scratch: string | undefined,
): Promise<LackingInUse | undefined> {
  const { findDrift } = await import("#compare/drift.ts");
  return await ifReachable(context, async (config) => {
    const { target, name, environment, drift } = config;
    if (!(await isUsed(config))) return undefined;
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
