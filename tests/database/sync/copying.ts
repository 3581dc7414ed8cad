import { allLedgers } from "#migrate/ledger/find.ts";
import type { Target } from "#database/target.ts";
import { checkRules } from "#sync/check.ts";
import { keepEverything } from "#sync/plain.ts";
import type { SyncPlan } from "#sync/plan.ts";
import { parseRules } from "#sync/rules/read.ts";
import { runSync } from "#sync/run/run.ts";
import { type SyncOptions, type SyncReport } from "#sync/run/report.ts";
import { readSource } from "#sync/source/read.ts";
import { KEY } from "../../support/sync.ts";

const LEDGER = "confiture_migrations";

/** What a copy between two databases needs, every value kept. */
export function copyOptions(source: Target, target: Target, more: Partial<SyncOptions> = {}): SyncOptions {
  return {
    source: { target: source, name: "source" },
    target: { target, name: "target" },
    jobs: 2,
    table: LEDGER,
    lockTimeout: 5_000,
    skipLargeObjects: false,
    skipExtensionTables: false,
    scratch: { engine: "embedded" },
    plan: async (database) => keepEverything(await readSource(database, await allLedgers(database, LEDGER))),
    onEvent: () => {},
    ...more,
  };
}

export async function copy(source: Target, target: Target, more: Partial<SyncOptions> = {}): Promise<SyncReport> {
  return await runSync(copyOptions(source, target, more));
}

/** The plain plan with some changes. */
export function planned(change: (plan: SyncPlan) => SyncPlan): SyncOptions["plan"] {
  return async (database) => change(keepEverything(await readSource(database, await allLedgers(database, LEDGER))));
}

/** What a run makes of these rules: a plan, and advice. */
export async function byRules(yaml: string): Promise<Pick<SyncOptions, "plan" | "ruled">> {
  const rules = await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]);
  return { plan: ruled(yaml), ruled: { rules, key: KEY } };
}

/** The plan that these rules make. */
export function ruled(yaml: string): SyncOptions["plan"] {
  return async (database) => {
    const rules = await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]);
    const checked = await checkRules(database, await allLedgers(database, LEDGER), rules, KEY);
    if (checked.kind === "plan") return checked.plan;
    const said = checked.findings.map(({ rule, message }) => `${rule}: ${message}`).join("\n");
    throw new Error(said, { cause: checked.findings });
  };
}

/** A plan in which a column has another expression. */
export function transforming(
  plan: SyncPlan,
  table: string,
  column: string,
  how: Partial<SyncPlan["tables"][number]["columns"][number]> & { readonly expression: string },
): SyncPlan {
  return {
    ...plan,
    tables: plan.tables.map((each) => {
      if (each.name !== table) return each;
      const columns = each.columns.map((one) =>
        one.name === column ? { ...one, treatment: "transform" as const, transform: "test", ...how } : one,
      );
      const list = columns.map(({ expression }) => expression).join(", ");
      return {
        ...each,
        columns,
        whole: false,
        query: `SELECT ${list} FROM ONLY "${each.schema}"."${each.name}" source WHERE (true)`,
      };
    }),
  };
}
