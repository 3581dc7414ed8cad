const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** PostgreSQL's timeouts are 32-bit milliseconds. */
const MAX_MILLISECONDS = 2_147_483_647;

/**
 * A duration in milliseconds: `500ms`, `30s`, `5min` (or `5m`), `1h`, `1d`, `0`. A bare number other than 0
 * is refused: PostgreSQL reads milliseconds where libpq reads seconds, and a wrong guess is a lock held
 * or given up a thousand times too early or late.
 * @returns undefined when the text is no duration or too long for PostgreSQL (about 24 days)
 */
export function parseDuration(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim());
  if (parts === null) return undefined;
  const amount = Number(parts[1]);
  const unit = parts[2]!;
  if (unit === "") return amount === 0 ? 0 : undefined;
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (factor === undefined || amount * factor > MAX_MILLISECONDS) return undefined;
  // 0 means "no limit", which a tiny duration must not become.
  return amount === 0 ? 0 : Math.max(1, Math.round(amount * factor));
}

/** The shortest exact way to write a duration in milliseconds. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  for (const unit of ["h", "min", "s"]) {
    const factor = UNITS[unit]!;
    if (milliseconds % factor === 0) return `${milliseconds / factor}${unit}`;
  }
  return `${milliseconds}ms`;
}
