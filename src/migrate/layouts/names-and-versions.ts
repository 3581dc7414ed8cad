import { ConfitureError } from "#errors/error.ts";

/** Two migrations that the ledger could not tell apart. */
export function duplicate(version: string, first: string, second: string): ConfitureError {
  return new ConfitureError("migration_duplicate", `Two migrations have version ${version}: ${first} and ${second}`, {
    hint: "Rename one of them to a version of its own. One that was applied somewhere already must keep its number.",
    location: { file: second },
    data: { version, files: [first, second] },
  });
}

/** A migration's name before it has a version. */
export interface Stem {
  /** The whole name: of the file without its ending, or of the folder. */
  readonly stem: string;
  readonly path: string;
}

/**
 * The version and name of each: the digits a name begins with, and what is behind them. Tools that know a migration by
 * its whole name let two share their digits, or have none: there the whole name is the version.
 */
export function versionsOf<Entry extends Stem>(
  entries: readonly Entry[],
): (Entry & { readonly version: string; readonly name: string })[] {
  const times = new Map<string, number>();
  const digits = entries.map(({ stem }) => /^(\d+)(?:[_-]|$)/.exec(stem)?.[1]);
  const canonical = digits.map((text) => (text === undefined ? "" : text.replace(/^0+(?=.)/, "")));
  for (const version of canonical) times.set(version, (times.get(version) ?? 0) + 1);
  return entries.map((entry, index) => {
    const version = digits[index];
    return version !== undefined && times.get(canonical[index]!) === 1
      ? { ...entry, version, name: entry.stem.slice(version.length + 1) }
      : { ...entry, version: entry.stem, name: "" };
  });
}
