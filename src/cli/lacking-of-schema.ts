import { type Change, named } from "#compare/catalogue/changes.ts";
import type { Terms } from "#compare/catalogue/terms.ts";
import { type Clock, requireTime } from "#compare/contained/clock.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { Database } from "#database/database.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { renderChanges } from "./output/changes.ts";
import { padTo } from "./output/text.ts";
import { executable } from "./version.ts";

/** What counts where a database is laid beside what a build makes. */
export const TERMS: Terms = { owners: false, grants: false, extensionVersions: false };

/** Compares with the schema files what was read of a database, which need not be open any more. */
type Comparing = () => Promise<readonly Change[]>;

/**
 * Finds out what the schema files make and a database lacks, or has otherwise; not what it has besides, nor what `drift.ignore` names.
 * The database is read now and the files are built by what comes back: two embedded engines at once take twice the memory.
 * @throws ConfitureError `scratch_unusable` with `data.outOfTime` when the time is used up
 */
export async function lackingOfSchema(
  context: CommandContext,
  { target, table }: Pick<MigrateOptions, "target" | "table">,
  database: Database,
  clock?: Clock,
): Promise<Comparing> {
  const [{ readInUse, sourceCatalogue }, { compareOnTerms }, { findLacked }] = await Promise.all([
    import("#compare/sources/sources.ts"),
    import("#compare/sources/comparison.ts"),
    import("#compare/verify/lacked-before.ts"),
  ]);
  context.step("Comparing the database with the schema files");
  let isWhole = true;
  const beside = await filesBeside(context, {}, target);
  const files: ProjectFiles = {
    ...beside,
    onLeftOut: (statement, reason) => {
      isWhole = false;
      beside.onLeftOut?.(statement, reason);
    },
  };
  const requireSome = (): void => {
    if (clock !== undefined) requireTime(clock);
  };
  requireSome();
  const { ignore } = (await context.config()).drift;
  const before = await findLacked(files, target, database, {
    executable: executable(),
    terms: [table, ignore, TERMS],
  });
  if (before.nothing) return async () => [];
  requireSome();
  const live = await readInUse(database, table);
  const keep = await before.look();
  requireSome();
  return async () => {
    const wanted = await sourceCatalogue(files, { kind: "schema" });
    requireSome();
    const { changes } = await compareOnTerms(files, wanted, live, TERMS);
    const isIgnored = named(ignore);
    const lacking = changes.filter((change) => change.change !== "added" && !isIgnored(change));
    if (lacking.length === 0 && isWhole) await keep();
    return lacking;
  };
}

/** What a database of which nobody changed anything by hand differs in from the schema files, and the ways on. */
export const AS_MIGRATED =
  "nothing of this was changed by hand: the database is what its migrations make, and the schema files say something else. `confiture migrate generate NAME` writes the migration for what is new in them, and refuses to undo what a migration did; `confiture schema update` brings what the migrations did into them";

/** What is lacking as a tree, under the meaning of its signs. */
export function renderLacking(lacking: readonly Change[]): string {
  return `(- missing from it, ~ changed, from what it should be to what it is)\n${renderChanges(lacking).trimEnd()}`;
}

/** The ways on without migrations. */
export const WITHOUT_MIGRATIONS = [
  ["confiture apply", "shows the changes that bring it the rest, and makes them once they are confirmed"],
  ["confiture migrate generate NAME", "writes them as the first migration, if this project is to have migrations"],
] as const;

/** What a build has left as it was. */
export interface LeftAsItWas {
  readonly lacking: readonly Change[];
  /** Why nobody knows; undefined where it was looked at. */
  readonly unknown?: string | undefined;
}

/** Of a build in an empty database. */
export const ALL_NEW: LeftAsItWas = { lacking: [] };

/**
 * What a database lacks after the schema files have run in it: what was there already is skipped by `IF NOT EXISTS`.
 * What cannot be found out stops nothing.
 * @returns as `lackingOfSchema`
 */
export async function leftAsItWas(
  ...given: Required<Parameters<typeof lackingOfSchema>>
): Promise<() => Promise<LeftAsItWas>> {
  const orUnknown = (error: unknown): LeftAsItWas => {
    return { lacking: [], unknown: asFailure(error).message };
  };
  try {
    const compare = await lackingOfSchema(...given);
    return async () => await compare().then((lacking) => ({ lacking }), orUnknown);
  } catch (error) {
    const unknown = orUnknown(error);
    return async () => unknown;
  }
}

/** Commands with what each is for, a line each. Those that nobody can run are left out. */
export function waysOn(ways: readonly (readonly [command: string | undefined, what: string])[]): string {
  const width = Math.max(...ways.map(([command = ""]) => Bun.stringWidth(command)));
  return ways
    .flatMap(([command, what]) => (command === undefined ? [] : [`  ${padTo(command, width)}   ${what}`]))
    .join("\n");
}

/** What is known of the migrations where a build left something as it was. */
interface Keeping {
  /** The command that runs the migrations that are open, where there are any. */
  readonly up: string | undefined;
  /** Whether migrations keep the database, or are to. */
  readonly byMigrations: boolean;
}

/** Warns where nobody knows, and returns the error of a build that left something out. */
export function tellLeft(
  { messages }: CommandContext,
  { lacking, unknown }: LeftAsItWas,
  { up, byMigrations }: Keeping,
): ConfitureError | undefined {
  if (unknown !== undefined) {
    messages.warn(
      `what was in this database before the build may differ from the schema files; it was not compared (${unknown}). \`confiture drift\` compares it`,
    );
  }
  if (lacking.length === 0) return undefined;
  const ways = byMigrations
    ? ([
        [up, "if migrations that are pending make it"],
        ["confiture schema update", "brings what migrations did into the schema files, if these are behind"],
        ["confiture drift --against schema --sql", "prints the SQL that makes it, and drops what no file makes"],
        ["confiture migrate generate NAME", "writes a migration for what no migration makes yet"],
      ] as const)
    : WITHOUT_MIGRATIONS;
  return new ConfitureError(
    "build_over",
    `The schema files ran, and this database lacks some of what the schema files make: the build left what was there already as it was ${renderLacking(lacking)}`,
    {
      hint: `one of these\n${waysOn([
        ...ways,
        ["confiture build --fresh", "starts from nothing, without what the database holds"],
      ])}`,
      data: { lacking: lacking.map(({ kind, name }) => `${kind} ${name}`) },
    },
  );
}
