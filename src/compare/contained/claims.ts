import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { shellWord } from "#errors/shell.ts";
import { effectInWords, goesByVersion, type UncomparedEffect } from "#sql/effects/uncompared.ts";
import type { Contained } from "./contained.ts";
import { settleKey } from "./chance.ts";
import type { By, Lacking } from "./lacking.ts";
import type { Loaded } from "./loaded.ts";
import type { Replayed } from "./replayed.ts";

/** What keeps a migration from being taken for contained, although a comparison finds nothing. */
export interface Doubt {
  /** How many migrations come before it. */
  readonly at: number;
  readonly why: string;
}

/** Where migrations were tried out, and what that showed. */
export interface Trial {
  /** The major version of the server. */
  readonly major: number | undefined;
  /** Columns in which migrations give to rows that are there other values, all of them chance, by how many migrations come before. */
  readonly chanceChanges: ReadonlyMap<number, string>;
}

/**
 * The first migration that does something which no comparison shows.
 * @param isDone whether a statement is known to have been run
 * @param there the server that is meant: its major version, and its roles
 */
export function firstDoubt(
  { open, uncompared }: Loaded,
  { major: meant, roles }: { readonly major: number | undefined; readonly roles: ReadonlySet<string> | undefined },
  { major: tried, chanceChanges }: Trial,
  isDone: (effect: UncomparedEffect) => boolean = () => false,
): Doubt | undefined {
  for (const [at, migration] of open.entries()) {
    const effect = uncompared
      .get(migration)
      ?.find((one) => !isDone(one) && !hasRoles(one, roles) && (!goesByVersion(one) || (meant ?? tried) !== tried));
    const column = chanceChanges.get(at);
    if (effect === undefined && column !== undefined) {
      return { at, why: `${migrationId(migration.file)} changes ${column}, whose values are not compared` };
    }
    if (effect === undefined) continue;
    const what = goesByVersion(effect)
      ? `goes by the server's version, which is ${meant} and was ${tried} where it was tried out`
      : effectInWords(effect);
    return { at, why: `${migrationId(migration.file)} ${what}` };
  }
  return undefined;
}

/** Says which migrations made rows come or go, for a sentence about what is lacking of all that they do. Pure. */
export function byMigrations(
  { changes, fixed }: Pick<Replayed, "changes" | "fixed">,
  open: readonly LoadedMigration[],
): By {
  return (what, table, rows) => {
    const last = new Map<string, number>();
    const ofTable = changes.filter((change) => change.table === table && change[what].length > 0);
    for (const { at, ...keys } of ofTable) for (const key of keys[what]) last.set(settleKey(key, fixed), at);
    const known = rows.flatMap((key) => last.get(key) ?? []);
    // A later one may have changed the table.
    const all = [...new Set(known.length > 0 ? known : ofTable.map(({ at }) => at))].toSorted((a, b) => a - b);
    const [first = "a migration", second] = all.map((at) => migrationId(open[at]!.file));
    if (what === "gone" || second === undefined) return first;
    return all.length === 2 ? `${first} and ${second}` : `${first} and ${all.length - 1} more migrations`;
  };
}

/** Whether a statement that makes missing roles finds none missing. */
function hasRoles({ ifMissing }: UncomparedEffect, roles: ReadonlySet<string> | undefined): boolean {
  return ifMissing !== undefined && roles !== undefined && ifMissing.every((name) => roles.has(name));
}

/** Why a migration is not contained where an object stands that it takes away. */
export function stillThere({ file }: LoadedMigration, name: string): string {
  return `${migrationId(file)} takes away ${name}, which is still there`;
}

/**
 * What to do where all that a comparison shows of a migration is there.
 * @param at how many migrations come before it
 * @param last how many there are up to the last one of which the same holds
 */
export function onceSeen(
  open: readonly LoadedMigration[],
  at: number,
  last: number,
): Required<Pick<Contained, "next">> {
  const record = `confiture migrate baseline --through ${shellWord(open[at]!.file.version)}`;
  return {
    next: [
      `  ${record}   once you have seen to what no comparison shows; the rest of it is there`,
      // They could not be run any more.
      ...(last > at + 1
        ? ["  confiture migrate baseline --proven   then records what is there of those after it"]
        : []),
    ].join("\n"),
  };
}

/** What is said of rows or sequences that are not where a migration leaves them, and what to do. */
export function withoutRows(
  { of, what }: Lacking,
  { file }: LoadedMigration,
  where: "the schema files" | "the database",
): Required<Pick<Contained, "why" | "next">> {
  const record = `confiture migrate baseline --through ${shellWord(file.version)}`;
  const thing = of === "rows" ? "the rows" : "the sequence";
  return {
    why: `${what} ${where}`,
    next:
      where === "the schema files"
        ? `  bring ${thing} into the schema files, then: confiture build --fresh\n  ${record}   to record it as it is, and see to ${thing} by hand`
        : `  see to ${thing} by hand, then: ${record}`,
  };
}
