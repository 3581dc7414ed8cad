import { join } from "node:path";
import { FileBytes } from "#database/file-bytes.ts";
import { readHead } from "#files/read.ts";
import { checksumOfPieces } from "../files/checksum.ts";
import { HEADER_BYTES, type ImportHeader, readImportHeader } from "../layouts/imported.ts";
import type { MigrationFile } from "../files/migration-file.ts";

/** Where a migration of this tool's form comes from that another tool's folder was rewritten to. */
export interface Origin extends ImportHeader {
  /** Whether it is still the file that the import wrote, so that it does what the file before did. */
  readonly isAsWritten: boolean;
}

/**
 * @returns undefined for a file that was not imported
 * @throws ConfitureError `file_unreadable`
 */
export function originOf(projectDir: string, file: MigrationFile): Origin | undefined {
  const header = headerOf(projectDir, file);
  if (header === undefined) return undefined;
  return {
    ...header,
    get isAsWritten() {
      if (header.below === undefined) return false;
      const bytes = new FileBytes(file.path, join(projectDir, file.path));
      return checksumOfPieces(bytes.pieces({ from: header.length, to: bytes.size })) === header.below;
    },
  };
}

/** What another tool's history calls a migration that was imported; undefined for one that was not. */
export function importedKey(projectDir: string, file: MigrationFile): string | undefined {
  return headerOf(projectDir, file)?.key;
}

function headerOf(projectDir: string, file: MigrationFile): ImportHeader | undefined {
  if (file.layout !== "confiture" || file.form === "typescript") return undefined;
  return readImportHeader(readHead(join(projectDir, file.path), file.path, HEADER_BYTES));
}
