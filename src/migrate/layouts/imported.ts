import type { MigrationFile } from "../migration-file.ts";
import { LAYOUTS } from "./registry.ts";

/**
 * The first line of a file that was rewritten from another tool's folder. It keeps what that tool's history calls the
 * migration, so that the history can still be taken over.
 */
export function importedFrom(file: MigrationFile): string {
  const { title, histories } = LAYOUTS[file.layout];
  const [history] = Object.values(histories);
  const key = file.key ?? history?.keyOf?.(file) ?? file.version;
  return `-- Imported from ${title}, recorded there as ${key}`;
}

/** What that line says, at the beginning of a file; undefined for a file that was not imported. */
export function importedKey(head: string): string | undefined {
  return /^-- Imported from .*?, recorded there as ([^\r\n]+)/.exec(head)?.[1];
}
