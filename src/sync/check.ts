import type { Database } from "#database/database.ts";
import type { SyncFinding, SyncPlan } from "./plan.ts";
import { planSync } from "./plan-sync.ts";
import type { Rules } from "./rules/rules.ts";
import { readSource } from "./source/read.ts";
import { tryPlan } from "./trials.ts";

/** What the rules come to: a plan that PostgreSQL takes, or what is wrong with them. */
export type Checked =
  | { readonly kind: "plan"; readonly plan: SyncPlan }
  | { readonly kind: "findings"; readonly findings: readonly SyncFinding[] };

/**
 * Lays rules beside the tables of a database, and tries everything in them that PostgreSQL has to understand.
 * @param ledgers tables of the tool's own, which no rule speaks of
 * @param key as for `planSync`
 * @throws ConfitureError `sync_source_failed`
 */
export async function checkRules(
  database: Database,
  ledgers: readonly { readonly schema: string; readonly table: string }[],
  rules: Rules,
  key: Uint8Array | undefined,
): Promise<Checked> {
  const planned = await planSync(await readSource(database, ledgers), rules, key);
  if (planned.kind === "findings") return planned;
  const findings = await tryPlan(database, planned.plan, planned.trials);
  return findings.length === 0 ? { kind: "plan", plan: planned.plan } : { kind: "findings", findings };
}
