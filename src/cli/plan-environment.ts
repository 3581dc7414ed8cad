import type { Config } from "#config/config.ts";

/** What a plan is made and used for: the environment, or null where a URL stands in for one. */
export function planEnvironment({ environment, urlOrigin }: Config): string | null {
  return urlOrigin === null ? environment : null;
}
