import { dangerWords, isAskedFor } from "#sql/effects/danger-kinds.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { LOCK_MODES, type LockMode, type Trace } from "#compare/trace/facts.ts";
import { aboveLimits, type Excess, toldLosses } from "#compare/trace/limits.ts";
import type { Sizes } from "#compare/trace/sizes.ts";
import { type Config, DEFAULT_LIMITS, type LimitsConfig } from "#config/config.ts";
import { IS_CODE, type Loss } from "#migrate/warnings/losses.ts";

/** What `migrate up` would stop at on a protected environment. */
export interface AboveLimits {
  readonly environment: string;
  /** Undefined where nothing is known of the sizes of tables. */
  readonly excesses: readonly Excess[] | undefined;
  /** What is lost or exposed besides, which has to be confirmed as well. */
  readonly concerns: readonly Excess[];
}

/**
 * What a trace shows to be above the limits of a protected environment. One that gives itself none has the default ones, for the locks
 * that were seen alone: what cannot be tried stops nobody who did not ask for that.
 * @param losses what `up` asks for besides; as far as the trace shows it when undefined
 */
export function findAbove(
  config: Config,
  trace: Trace,
  sizes: Sizes | undefined,
  losses: readonly Loss[] | undefined,
): AboveLimits {
  const limits = config.limits ?? DEFAULT_LIMITS;
  const { lock, longLock, rows, dataLoss } = limits;
  const found = sizes && aboveLimits(trace, sizes, { lock: modeOf(lock), longLock: modeOf(longLock), rows, dataLoss });
  return {
    environment: config.environment ?? "",
    excesses: config.limits === undefined ? found?.filter(({ isLock }) => isLock) : found,
    concerns:
      losses === undefined
        ? concernsOf(trace, limits)
        : losses.filter(isConcern(config)).map(({ location: { file, line }, what }): Excess => ({
            statement: { place: { file, ...(line === undefined ? {} : { line }) } },
            what,
          })),
  };
}

/** What statements lose, where that has to be confirmed, and what they expose, in the words of a migration that is yet to run. */
function concernsOf({ migrations }: Trace, { dataLoss }: Pick<LimitsConfig, "dataLoss">): Excess[] {
  return migrations.flatMap(({ file, statements }) => [
    ...(file.form === "typescript" && !dataLoss ? [{ statement: { place: { file: file.path } }, what: IS_CODE }] : []),
    ...statements.flatMap((statement): Excess[] => [
      ...(dataLoss ? [] : [...toldLosses(statement), ...statement.endangers.filter(isAskedFor).map(dangerWords)]).map(
        (what) => ({
          statement,
          what,
        }),
      ),
      ...statement.exposes.map((one) => ({ statement, what: `would expose ${exposureWords(one)}` })),
    ]),
  ]);
}

/** Which losses have to be confirmed: that data may be lost does not mean that it may be shown. */
export function isConcern({ limits }: Pick<Config, "limits">): (loss: Loss) => boolean {
  return (loss) => limits?.dataLoss !== true || loss.isExposure === true;
}

/** As `up` would find it; undefined where nothing has to be confirmed. */
export function foreseeLimits(
  config: Config,
  trace: Trace,
  sizes: Sizes | undefined,
  losses: readonly Loss[] | undefined,
): AboveLimits | undefined {
  return config.protected ? findAbove(config, trace, sizes, losses) : undefined;
}

function modeOf(limit: LimitsConfig["lock"]): LockMode {
  return LOCK_MODES.find((mode) => mode.toLowerCase().replaceAll(" ", "_") === limit)!;
}
