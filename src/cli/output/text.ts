import type { ServerEngine } from "#database/engine.ts";

/** Milliseconds as the tutorial shows a migration's: 45ms, 1.2s, 3m 20s. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`;
  return formatSeconds(milliseconds);
}

/** Milliseconds as the tutorial shows a build's: 0.3s, 12.0s, 3m 20s. */
export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m ${whole % 60}s`;
}

/** "PostgreSQL 16.2", "PostgreSQL 16.2 with Citus 12.1", "PostgreSQL 18.1 (embedded)" */
export function engineName({ name, version, citus, embedded }: ServerEngine): string {
  return `${name} ${version}${citus === null ? "" : ` with Citus ${citus}`}${embedded ? " (embedded)" : ""}`;
}

/** "1 file", "3 files", "2 invalid indexes", "2 orders of columns" */
export function count(number: number, noun: string): string {
  return `${number} ${number === 1 ? noun : noun.replace(/^.+?(?= of |$)/, plural)}`;
}

/** "1,234,567" */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return noun.endsWith("x") ? `${noun}es` : `${noun}s`;
}

/** The word that goes with a number: `agree(1, "is", "are")` is "is". */
export function agree(number: number, one: string, several: string): string {
  return number === 1 ? one : several;
}

/** What to do next, a line each. */
export function listOfNext(lines: readonly string[]): string {
  return `Next:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** "12.3 MB" */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return count(bytes, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = "";
  for (const next of units) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** Filled up with spaces to so many columns of a terminal, where a wide character takes two. */
export function padTo(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - Bun.stringWidth(text)));
}
