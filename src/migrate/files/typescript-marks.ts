import { ConfitureError, type Location } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { BackfillOptions } from "../migration.ts";
import { type Marks, readMarkerOptions } from "../phases/phase.ts";

/** Whether a TypeScript migration is a backfill; its code need not run to tell. Pure. */
export function callsBackfill(source: string): boolean {
  return /\bthis\s*\.\s*backfill\s*\(/.test(source);
}

/** Options that whoever plans has to know before any code runs. */
export const PLANNED = ["table", "change", "after"] as const;

/**
 * What a TypeScript backfill says about phases, read off its text, since planning runs no code: undefined for a migration that is
 * none, and where its table is no plain text, of which the run says more.
 */
export function typeScriptMarks(source: string): Marks | undefined {
  if (!callsBackfill(source)) return undefined;
  const call = source.slice(source.search(/\bthis\s*\.\s*backfill\s*\(/));
  const literals = Object.fromEntries(
    PLANNED.flatMap((name) => {
      const value = new RegExp(String.raw`\b${name}\s*:\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)'|` + "`([^`\\\\$]*)`)").exec(
        call,
      );
      return value === null ? [] : [[name, value[1] ?? value[2] ?? value[3]]];
    }),
  ) as Partial<Pick<BackfillOptions, (typeof PLANNED)[number]>>;
  if (literals.table === undefined) return undefined;
  try {
    return marksFrom({ sql: "", table: literals.table, ...literals }, () => ({ file: "" }));
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

/** The same as the marker of a SQL file, with the same errors. */
export function marksFrom(options: BackfillOptions, location: () => Location): Marks | undefined {
  const { table, key, batch, pause, triggers, once, change, after } = options;
  const columns =
    key === undefined || typeof key === "string" ? key : key.map((name) => quoteIdentifier(name)).join(",");
  const given = {
    backfill: table,
    key: columns,
    batch,
    pause: typeof pause === "number" ? `${pause}ms` : pause,
    triggers,
    once,
    change,
    after,
  };
  const text = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}`]));
  return readMarkerOptions(text.join(" "), "up", location).marks;
}
