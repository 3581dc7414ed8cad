import { FileBytes } from "#database/file-bytes.ts";
import { LARGE, readLargeSql, readWholeSql } from "#database/read-sql.ts";
import { decodeSql, type SqlText } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { openRegularFile, readWhole } from "#files/read.ts";
import { checksumOf, checksumOfPieces } from "./checksum.ts";

/** Larger files are told apart by their checksum alone. In bytes. */
const KEPT = 1 << 20;

/** A file of a migration: what tells it from an edited one, and its SQL, of the same bytes. */
export interface MigrationSource {
  readonly checksum: string;
  /** The text for the ledger; null where it is too long or no text. */
  readonly kept: () => string | null;
  /** What stands around a word of ASCII wherever the file has it; of a small file, all of it. */
  around(word: string, ignoreCase?: boolean): Iterable<string>;
  /** Whether a text of ASCII is in it, data included. */
  holds(text: string): boolean;
  /**
   * @param how a large file is read: as an outline, with neighbouring INSERT statements together or apart, or whole
   * @throws ConfitureError `file_unreadable`, `file_not_utf8`, `file_conflict_marker`
   */
  sql(how: "together" | "apart" | "whole"): SqlText;
}

/**
 * Reads a file of a migration.
 * @throws ConfitureError `file_unreadable`, `file_not_regular`
 */
export function readMigrationSource(projectDir: string, path: string): MigrationSource {
  const absolute = `${projectDir}/${path}`;
  using opened = openRegularFile(absolute, path);
  if (opened.size >= LARGE) {
    const source = new FileBytes(path, absolute);
    return {
      checksum: checksumOfPieces(source.pieces()),
      kept: () => null,
      around: (word, ignoreCase) => source.around(word, ignoreCase),
      holds: (text) => source.around(text).some(() => true),
      sql: (how) => (how === "whole" ? readWholeSql(source) : readLargeSql(source, how === "together")),
    };
  }
  const bytes = readWhole(opened, path);
  return {
    checksum: checksumOf(bytes),
    kept: () => (bytes.length > KEPT ? null : textOf(path, bytes)),
    around: (word, ignoreCase) => (ignoreCase === true || bytes.includes(word) ? [decodeSql(path, bytes)] : []),
    holds: (text) => bytes.includes(text),
    sql: () => ({ file: path, text: decodeSql(path, bytes) }),
  };
}

function textOf(path: string, bytes: Uint8Array): string | null {
  try {
    return decodeSql(path, bytes);
  } catch (error) {
    if (error instanceof ConfitureError) return null;
    throw error;
  }
}
