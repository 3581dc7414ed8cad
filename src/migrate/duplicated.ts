import { basename, dirname } from "node:path";
import type { Database } from "#database/database.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { readMigrationSource } from "./files/migration-source.ts";
import { canonicalVersion } from "./files/version.ts";
import { lookForLedger } from "./ledger/find.ts";
import type { LedgerRow } from "./ledger/ledger.ts";
import { readLedger } from "./ledger/read.ts";

/** Which of two migrations of one version a database has applied. */
export interface AppliedOfTwo {
  /** Undefined where it has neither. */
  readonly row: LedgerRow | undefined;
  /** Undefined where it is neither, or nobody can tell. */
  readonly file: string | undefined;
  /** Whether that has the very text that was applied; otherwise its name tells. */
  readonly isSameText: boolean;
  /** The ledger as SQL names it; undefined where there is none. */
  readonly ledger: string | undefined;
}

/** Told by the text that was applied, and by the name where that is no other's. */
export async function appliedOfTwo(
  database: Database,
  table: string,
  projectDir: string,
  { version, files }: { readonly version: string; readonly files: readonly string[] },
): Promise<AppliedOfTwo> {
  const ledger = await lookForLedger(database, table);
  const rows = ledger === undefined ? [] : await readLedger(database, ledger);
  const row = rows.find((one) => canonicalVersion(one.version) === canonicalVersion(version));
  const name = ledger && [ledger.schema, ledger.table].map(writeIdentifier).join(".");
  if (row === undefined) return { row, file: undefined, isSameText: false, ledger: name };
  const byText = files.filter((file) => readMigrationSource(projectDir, file).checksum === row.checksum);
  const isNamed = new RegExp(String.raw`^\D*\d[\d._]*?[_-]+${RegExp.escape(row.name)}(?:\.(?:up|down))?(?:\.\w+)?$`);
  const among = byText.length > 0 ? byText : files;
  // Some layouts name the folder of a migration.
  const byName = among.filter((file) => [file, dirname(file)].some((path) => isNamed.test(basename(path))));
  const [file] = among.length === 1 ? among : byName.length === 1 ? byName : [];
  return { row, file, isSameText: byText.length > 0, ledger: name };
}
