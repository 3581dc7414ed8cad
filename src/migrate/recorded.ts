import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import type { SquashedMigration } from "./files/migration-file.ts";
import { compareVersions, isBase, isRepeatable } from "./files/version.ts";
import { lookForLedger } from "./ledger/find.ts";
import { readLedger } from "./ledger/read.ts";
import { isUnmade } from "./status.ts";

/** What the ledger of a database has recorded, in version order, whatever files there are. */
export interface Recorded {
  /** Those that ran to their end, each with the checksum of its file. */
  readonly done: readonly SquashedMigration[];
  /** Those that did not, or of which nobody knows the file. */
  readonly open: readonly { readonly version: string; readonly name: string }[];
}

/**
 * Reads what a database has recorded, its base and what runs again and again apart.
 * @param table the ledger's name
 * @throws ConfitureError `ledger_unusable`
 */
export async function recordedIn(target: Target, table: string, signal?: AbortSignal): Promise<Recorded> {
  if (isUnmade(target)) return { done: [], open: [] };
  const rows = await withDatabase(target, { signal }, async (database) => {
    const ledger = await lookForLedger(database, table);
    return ledger === undefined ? [] : await readLedger(database, ledger);
  });
  const own = rows
    .filter(({ version }) => !isBase(version) && !isRepeatable(version))
    .toSorted((a, b) => compareVersions(a.version, b.version));
  const done = own.flatMap(({ state, version, name, checksum }) =>
    state === "applied" && checksum !== null ? [{ version, name, checksum }] : [],
  );
  const open = own.filter(({ version }) => !done.some((one) => one.version === version));
  return { done, open };
}
