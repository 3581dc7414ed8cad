import { readlinkSync } from "node:fs";

/** Local time without a zone, as people read it: 2025-10-12 10:30:00. */
export function formatLocalTime(time: Date): string {
  const offset = isUtc() ? 0 : time.getTimezoneOffset();
  return new Date(time.getTime() - offset * 60_000).toISOString().slice(0, 19).replace("T", " ");
}

/**
 * Whether local time is UTC, as on most servers. The first answer of the engine loads the tables of all zones, which
 * takes a tenth of the time of `migrate status`.
 */
function isUtc(): boolean {
  return (utc ??= UTC.has(zone() ?? ""));
}

let utc: boolean | undefined;
const UTC: ReadonlySet<string> = new Set(["UTC", "Etc/UTC"]);

/** The name of the zone, where it is plain to see (tzset(3)). */
function zone(): string | undefined {
  const { TZ } = process.env;
  if (TZ !== undefined) return TZ;
  try {
    return readlinkSync("/etc/localtime").split("/zoneinfo/")[1];
  } catch {
    return undefined;
  }
}
