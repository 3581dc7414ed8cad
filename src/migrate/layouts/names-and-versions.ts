import { ConfitureError } from "#errors/error.ts";
import { canonicalVersion, compareVersions } from "../files/version.ts";

/** Two migrations that the ledger could not tell apart. */
export function duplicate(version: string, first: string, second: string): ConfitureError {
  return new ConfitureError("migration_duplicate", `Two migrations have version ${version}: ${first} and ${second}`, {
    hint: [
      "Rename one of them to a version of its own. One that was applied somewhere already must keep its number.",
      'The ledger of a database, confiture_migrations or what migrations.table names, tells which it has: confiture db sql "SELECT version, name FROM confiture_migrations"',
    ].join("\n"),
    location: { file: second },
    data: { version, files: [first, second] },
  });
}

/** A migration's name before it has a version. */
export interface Stem {
  /** The whole name: of the file without its ending, or of the folder. */
  readonly stem: string;
}

/** Reads version and name from a whole name; undefined for one without a version. */
export type Naming = (stem: string) => { readonly version: string; readonly name: string } | undefined;

/** "20240101000000_init": the digits a name begins with, and what is behind them. */
export const byDigits: Naming = (stem) => {
  const [, version, name = ""] = /^(\d+)(?:[_-](.*))?$/s.exec(stem) ?? [];
  return version === undefined ? undefined : { version, name };
};

/** As `byDigits`, but a date alone, as `20240131_init`, is the end of its day: as texts, names with a time of that day come before it. */
export const byMoments: Naming = (stem) => {
  const names = byDigits(stem);
  const isDate = names !== undefined && /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/.test(names.version);
  return isDate ? { ...names, version: `${names.version}235959` } : names;
};

/**
 * The version and name of each. Tools that know a migration by its whole name let two share their digits, or have
 * none: there the whole name is the version.
 */
export function versionsOf<Entry extends Stem>(
  entries: readonly Entry[],
  naming: Naming = byDigits,
): (Entry & { readonly version: string; readonly name: string })[] {
  const read = entries.map(({ stem }) => naming(stem));
  const times = new Map<string, number>();
  for (const names of read) {
    if (names === undefined) continue;
    const version = canonicalVersion(names.version);
    times.set(version, (times.get(version) ?? 0) + 1);
  }
  return entries.map((entry, index) => {
    const names = read[index];
    if (names === undefined || times.get(canonicalVersion(names.version)) !== 1) {
      return { ...entry, version: entry.stem, name: "" };
    }
    return { ...entry, ...names };
  });
}

/** Whether entries in the order of their names as texts are in that of their versions. */
export function isOneOrder(entries: readonly { readonly version: string }[]): boolean {
  return entries.every(({ version }, at) => at === 0 || compareVersions(entries[at - 1]!.version, version) <= 0);
}

/**
 * For a tool that runs migrations in the order of their names as texts: 10_c comes before 2_b there, and behind it here.
 * @param entries in the order of their names
 * @throws ConfitureError `migration_invalid` where the two orders differ
 */
export function requireOneOrder(
  entries: readonly { readonly version: string; readonly path: string }[],
  tool: string,
): void {
  for (const [index, { version, path }] of entries.entries()) {
    const before = entries[index - 1];
    if (before === undefined || compareVersions(before.version, version) <= 0) continue;
    throw new ConfitureError(
      "migration_invalid",
      `${tool} runs ${before.path} before ${path}, by their names as texts`,
      {
        hint: "Here the numbers count. Pad them with zeros to one length, so that both orders are the same.",
        location: { file: path },
      },
    );
  }
}
