import type { Database } from "#database/database.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import type { Sections } from "../files/sections.ts";
import type { Folder } from "./folder.ts";
import type { Creation } from "./new-files.ts";
import type { SqlSource } from "./source.ts";

/** How a tool lays out its folder of migrations, writes its files and keeps its history. */
export interface Layout {
  /** The tool's own name. */
  readonly title: string;
  /** What a migration is called there, for those whose names are not understood: "VERSION_name.sql". */
  readonly names: string;
  /**
   * Whether a folder is laid out this way, by what no other tool leaves behind. `names`: its file or folder names say
   * so. `content`: the names are those of other layouts as well, and its marks or the files around it say so.
   */
  recognises(folder: Folder): "names" | "content" | undefined;
  /** What is a migration in the folder and what is not, in any order. */
  find(folder: Folder): Found;
  /**
   * Cuts a SQL file into its way up and its way back.
   * @param opening which way the file begins with; "down" for a file that is a way back
   * @throws ConfitureError `migration_invalid`
   */
  cut(source: SqlSource, opening: "up" | "down"): Sections;
  /** Where its files are templates, what a place begins with that the tool fills in. */
  readonly template?: string;
  /** Whether a comment is a mark that `cut` has read, and no other tool's. */
  reads(comment: string): boolean;
  /** How a new migration is written, or how its tool does it where the tool keeps a record of its files. */
  readonly creation: Creation | { readonly byItsTool: string };
  /** Whether its migrations may also lie in folders below. */
  readonly readsBelow?: true;
  /** Whether its migrations can have a way back. */
  readonly hasWaysBack: boolean;
  /** Where the way back is a file of its own, its path. */
  wayBackOf?(path: string): string | undefined;
  /** The tables of history that `migrate baseline --from` reads, by the tool's name. */
  readonly histories: Readonly<Record<string, ForeignTable>>;
}

export interface Found {
  readonly migrations: readonly MigrationFile[];
  readonly ignored: readonly Ignored[];
}

/** Something in the folder that is no migration, though it looks as if it could be one. */
export interface Ignored {
  readonly path: string;
  /** Completes "PATH is left out: ". */
  readonly why: string;
}

/** Where a tool keeps its history, and how that is read. */
export interface ForeignTable {
  /** Its usual names; the first that is there counts. */
  readonly tables: readonly string[];
  /** Columns by which such a table is told from another of its name; of a tool's every version. */
  readonly columns: readonly string[];
  /** Reads `table`, which is quoted. */
  read(database: Database, table: string): Promise<ForeignHistory>;
  /** The checksums that the tool may have recorded of a file, whose bytes can be read more than once. */
  sumsOf?(pieces: () => Iterable<Uint8Array>): readonly string[];
  /** What a file is called in that history. By default its `key`, or its version. */
  keyOf?(file: MigrationFile): string;
}

/** What another tool recorded of one migration. */
export interface ForeignRecord {
  /** As written there; what `keyOf` gives for the file. */
  readonly key: string;
  readonly appliedAt: Date | undefined;
  readonly appliedBy: string | undefined;
  readonly executionMs: number | undefined;
  /** Whether this is the checksum of the file that was applied; undefined where the tool keeps none. */
  readonly isSum: ((sum: string) => boolean) | undefined;
}

/**
 * A tool's history. `through`: it records only how far it came, and everything up to there is applied. Records may
 * begin behind a `baseline`, up to which everything counts as applied as well.
 */
export type ForeignHistory =
  | { readonly kind: "records"; readonly records: readonly ForeignRecord[]; readonly baseline?: string | undefined }
  | { readonly kind: "through"; readonly version: string | undefined };
