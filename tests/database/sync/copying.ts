import { allLedgers } from "#migrate/ledger.ts";
import type { Target } from "#database/target.ts";
import { keepEverything } from "#sync/plain.ts";
import type { SyncPlan } from "#sync/plan.ts";
import { runSync, type SyncOptions, type SyncReport } from "#sync/run/run.ts";
import { readSource } from "#sync/source/read.ts";

const LEDGER = "confiture_migrations";

/** What a copy between two databases needs, every value kept. */
function copyOptions(source: Target, target: Target, more: Partial<SyncOptions> = {}): SyncOptions {
  return {
    source: { target: source, name: "source" },
    target: { target, name: "target" },
    jobs: 2,
    table: LEDGER,
    lockTimeout: 5_000,
    skipLargeObjects: false,
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
