import { type Held, heldBack } from "#migrate/phases/held.ts";
import { marksOf, mentions } from "#migrate/files/marks-of.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { canonicalVersion } from "#migrate/files/version.ts";

/** Migrations in the order in which they run where some contracts wait. */
export interface HeldOrder {
  readonly first: readonly MigrationFile[];
  /** The contracts, and what waits for them. */
  readonly last: readonly MigrationFile[];
}

/** What there is to know of a folder's contracts, none of which has run. */
export interface Contracts {
  readonly all: readonly MigrationFile[];
  /**
   * @param waiting contracts that nobody asks for; the others run in their turn
   * @throws ConfitureError `migration_invalid`
   */
  readonly orderWith: (waiting: readonly MigrationFile[]) => HeldOrder;
}

/** Reads the marks of files. */
export function contractsAmong(projectDir: string, files: readonly MigrationFile[]): Contracts {
  const history = files.map((file) => ({
    file,
    version: file.version,
    name: file.name,
    standing: "pending" as const,
    row: undefined,
    marks: marksOf(projectDir, file),
    mentions: (word: string) => mentions(projectDir, file, word),
  }));
  const all = history.filter(({ marks }) => marks?.phase === "contract").map(({ file }) => file);
  return {
    all,
    orderWith(waiting) {
      const others = all.filter((contract) => !waiting.includes(contract)).map(({ version }) => version);
      const held: ReadonlyMap<string, Held> = heldBack(history, { contracts: others });
      const isHeld = ({ version }: MigrationFile): boolean => held.has(canonicalVersion(version));
      return { first: files.filter((file) => !isHeld(file)), last: files.filter(isHeld) };
    },
  };
}
