import { dangerWords, isAskedFor } from "#sql/effects/danger-kinds.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { LOCK_MODES, type LockMode, type Trace } from "#compare/trace/facts.ts";
import { aboveLimits, type Excess, toldLosses } from "#compare/trace/limits.ts";
import type { Sizes } from "#compare/trace/sizes.ts";
import type { Config, LimitsConfig } from "#config/config.ts";

/** What `migrate up` would stop at on a protected environment. */
export interface AboveLimits {
  readonly environment: string;
  readonly excesses: readonly Excess[];
  /** What is lost or exposed besides, which has to be confirmed as well. */
  readonly concerns: readonly Excess[];
}

/** Statements that do more than the environment's limits allow. */
export function excessesOf(trace: Trace, sizes: Sizes, limits: LimitsConfig): Excess[] {
  const { lock, longLock, rows, dataLoss } = limits;
  return aboveLimits(trace, sizes, { lock: modeOf(lock), longLock: modeOf(longLock), rows, dataLoss });
}

/** What statements lose, where that has to be confirmed, and what they expose, in the words of a migration that is yet to run. */
export function concernsOf({ migrations }: Trace, { dataLoss }: Pick<LimitsConfig, "dataLoss">): Excess[] {
  return migrations.flatMap(({ statements }) =>
    statements.flatMap((statement): Excess[] => [
      ...(dataLoss ? [] : [...toldLosses(statement), ...statement.endangers.filter(isAskedFor).map(dangerWords)]).map(
        (what) => ({
          statement,
          what,
        }),
      ),
      ...statement.exposes.map((one) => ({ statement, what: `would expose ${exposureWords(one)}` })),
    ]),
  );
}

/** As `up` would find it; undefined where it has no limits, or nothing is known of the sizes of tables. */
export function foreseeLimits(config: Config, trace: Trace, sizes: Sizes | undefined): AboveLimits | undefined {
  if (!config.protected || config.limits === undefined || sizes === undefined) return undefined;
  const { environment, limits } = config;
  return {
    environment: environment ?? "",
    excesses: excessesOf(trace, sizes, limits),
    concerns: concernsOf(trace, limits),
  };
}

function modeOf(limit: LimitsConfig["lock"]): LockMode {
  return LOCK_MODES.find((mode) => mode.toLowerCase().replaceAll(" ", "_") === limit)!;
}
