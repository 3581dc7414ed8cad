import { LOCK_MODES, type LockMode, type Trace } from "#compare/trace/facts.ts";
import { aboveLimits, type Excess } from "#compare/trace/limits.ts";
import type { Sizes } from "#compare/trace/sizes.ts";
import type { Config, LimitsConfig } from "#config/config.ts";

/** What `migrate up` would stop at on a protected environment. */
export interface AboveLimits {
  readonly environment: string;
  readonly excesses: readonly Excess[];
}

/** Statements that do more than the environment's limits allow. */
export function excessesOf(trace: Trace, sizes: Sizes, limits: LimitsConfig): Excess[] {
  const { lock, longLock, rows, dataLoss } = limits;
  return aboveLimits(trace, sizes, { lock: modeOf(lock), longLock: modeOf(longLock), rows, dataLoss });
}

/** As `up` would find it; undefined where it has no limits, or nothing is known of the sizes of tables. */
export function foreseeLimits(config: Config, trace: Trace, sizes: Sizes | undefined): AboveLimits | undefined {
  if (!config.protected || config.limits === undefined || sizes === undefined) return undefined;
  return { environment: config.environment ?? "", excesses: excessesOf(trace, sizes, config.limits) };
}

function modeOf(limit: LimitsConfig["lock"]): LockMode {
  return LOCK_MODES.find((mode) => mode.toLowerCase().replaceAll(" ", "_") === limit)!;
}
