import type { LoadedMigration } from "#migrate/files/body.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { startRun } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { contractsAmong, type HeldOrder } from "../sources/held-order.ts";
import type { Finding } from "./finding.ts";
import type { ReplayedFiles } from "./replay-ways.ts";

/**
 * A contract may wait for weeks, and later migrations run before it. Replays all of them in that order as well, which has to lead to
 * the same.
 * @param end what they lead to in the order of their versions
 */
export async function inOtherOrder(
  series: ScratchSeries,
  files: ReplayedFiles,
  end: Catalogue,
): Promise<readonly Finding[]> {
  const { projectDir, migrations } = files;
  const { all, orderWith } = contractsAmong(
    projectDir,
    migrations.map(({ file }) => file),
  );
  const findingOf = async (waiting: readonly MigrationFile[]): Promise<Finding | undefined> => {
    const order = orderWith(waiting);
    return isSame(order, migrations) ? undefined : await replayed(series, files, order, end);
  };
  const finding = await findingOf(all);
  if (finding === undefined || all.length === 1) return finding === undefined ? [] : [finding];
  // Each by itself tells whose it is.
  const findings: Finding[] = [];
  for (const contract of all) {
    const own = await findingOf([contract]);
    if (own !== undefined) findings.push(own);
  }
  return findings.length === 0 ? [finding] : findings;
}

function isSame({ first, last }: HeldOrder, migrations: readonly LoadedMigration[]): boolean {
  return [...first, ...last].every((file, index) => migrations[index]?.file === file);
}

async function replayed(
  series: ScratchSeries,
  files: ReplayedFiles,
  { first, last }: HeldOrder,
  end: Catalogue,
): Promise<Finding | undefined> {
  const { beginning, migrations } = files;
  const contract = last[0]!;
  const waits = `the contract ${migrationId(contract)} waits`;
  const run = await startRun(await series.empty(), files);
  if (beginning !== undefined) await run.step(beginning, "up");
  for (const file of [...first, ...last]) {
    const error = await run.step(
      migrations.find((one) => one.file === file)!,
      "up",
    );
    if (error === undefined) continue;
    const message = first.includes(file)
      ? `${migrationId(file)} does not apply while ${waits}`
      : `${migrationId(file)} does not apply behind migrations that run while ${waits}`;
    return { migration: file, message, error: error.with({ hint: wayOut(contract) }) };
  }
  const changes = compareCatalogues(end, await run.read());
  if (changes.length === 0) return undefined;
  return {
    migration: contract,
    message: `Migrations that run while ${waits} lead to another schema. ${wayOut(contract)}`,
    changes,
  };
}

function wayOut({ version }: MigrationFile): string {
  return `Let the migration that cannot come before the contract wait for it: after:${version} behind its -- migrate:up.`;
}
