import type { MigrationFile } from "../files/migration-file.ts";
import { canonicalVersion, compareVersions, isRepeatable } from "../files/version.ts";

const NUMBERS = /^\d+(?:\.\d+)*/;

/**
 * Versions in this tool's form, in the same order: kept where they are digits with or without dots. Names that share
 * their digits are counted behind them (20240101.1, 20240101.2), and what has none comes behind all others. What runs again
 * comes last, counted behind the last number (7.1, 7.2): the next number stays free for the next migration.
 * None is one that another migration had before: a ledger may know that.
 */
export function newVersions(migrations: readonly MigrationFile[]): string[] {
  const numbersOf = ({ version }: MigrationFile): string | undefined => NUMBERS.exec(version)?.[0];
  const greatest = migrations.reduce<string>((max, file) => {
    const numbers = numbersOf(file) ?? "0";
    return compareVersions(numbers, max) > 0 ? numbers : max;
  }, "0");
  const anew = (): ((file: MigrationFile) => string) => {
    let last = greatest;
    let repeated = 0;
    return ({ version }) =>
      isRepeatable(version) && last !== "0" ? `${last}.${++repeated}` : (last = following(last));
  };
  const counts = new Map<string, number>();
  const behind = anew();
  const versions = migrations.map((file) => {
    const numbers = numbersOf(file);
    if (numbers === undefined) return behind(file);
    if (numbers === file.version) return file.version;
    const count = (counts.get(canonicalVersion(numbers)) ?? 0) + 1;
    counts.set(canonicalVersion(numbers), count);
    return `${numbers}.${count}`;
  });
  const isNew = (version: string, index: number): boolean =>
    migrations.every((file, other) => other === index || canonicalVersion(file.version) !== canonicalVersion(version));
  const isOrdered = versions.every(
    (version, index) => index === 0 || compareVersions(versions[index - 1]!, version) < 0,
  );
  return isOrdered && versions.every(isNew) ? versions : migrations.map(anew());
}

/** "1.0.9" -> "1.0.10", "007" -> "008": the next one of its kind. */
function following(version: string): string {
  const [, before = "", last = "0"] = /^(.*?)(\d+)$/.exec(version) ?? [];
  return before + String(BigInt(last) + 1n).padStart(version === "0" ? 3 : last.length, "0");
}
