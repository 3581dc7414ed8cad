import { randomBytes } from "node:crypto";
import { Subkeys } from "./keyed.ts";
import { SEARCH_PATH } from "./plain.ts";
import type { Planned } from "./plan.ts";
import type { SourceCatalogue, SourceTable } from "./source/catalogue.ts";
import type { Rules } from "./rules/rules.ts";
import { unpartitionedIn } from "./roots.ts";
import { Planner } from "./planner.ts";
import { readsOf } from "./run/rights.ts";

/**
 * Lays the rules beside the tables of the source. Whatever no rule speaks of is a finding, and so is what cannot go well.
 * @param key 32 bytes; without it one that nobody knows, so that no other run has the same results
 */
export async function planSync(
  catalogue: SourceCatalogue,
  rules: Rules,
  key: Uint8Array | undefined,
): Promise<Planned> {
  const planner = new Planner(catalogue, rules, new Subkeys(key ?? randomBytes(32)));
  const plan = await planner.tables();
  if (plan === undefined) return { kind: "findings", findings: planner.findings(), comparing: planner.comparing };
  return {
    kind: "plan",
    trials: planner.trials(plan),
    reads: readsOf(catalogue, (root) => planner.isCopied(root)),
    plan: {
      tables: plan,
      ...unpartitionedIn(catalogue.tables),
      settings: [SEARCH_PATH, ...planner.subkeys.settings],
      digest: rules.digest,
      reproducible: key !== undefined,
      keyMark: planner.subkeys.mark,
      losses: planner.losses,
      others: planner.others,
      beyond: planner.beyond,
      warnings: planner.warnings,
    },
  };
}

/**
 * The plan of one table alone, as for looking at some of its rows. What is wrong with the rules of others does not matter, but for
 * those that have a part in its values, or in which of its rows are copied.
 * @param table none of the catalogue's partitions
 * @param key as for `planSync`
 */
export async function planTable(
  catalogue: SourceCatalogue,
  rules: Rules,
  key: Uint8Array | undefined,
  table: SourceTable,
): Promise<Planned> {
  const planner = new Planner(catalogue, rules, new Subkeys(key ?? randomBytes(32)));
  const plan = await planner.table(table);
  if (Array.isArray(plan)) return { kind: "findings", findings: plan, comparing: [] };
  const { tables, trials, inQuery } = plan;
  const settings = [SEARCH_PATH, ...planner.subkeys.settings];
  return {
    kind: "plan",
    trials,
    // Neither ledgers nor sequences are looked at.
    reads: { tables: readsOf({ ...catalogue, ledgers: [] }, (root) => inQuery.includes(root)).tables },
    plan: { tables, settings, digest: rules.digest, reproducible: key !== undefined, warnings: [] },
  };
}
