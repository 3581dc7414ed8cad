import { reportedName } from "#sql/quote.ts";
import type { Leak } from "./proof-result.ts";
import type { SyncColumn, SyncPlan } from "../plan.ts";
import { lineInPlace } from "../rules/line-instead.ts";

/** Columns of a plan by what a proof calls them: "public.users.email", also with a path of a document behind it. */
export function columnsByName({ tables }: SyncPlan): (shown: string) => SyncColumn | undefined {
  const known = new Map(
    tables.flatMap(({ schema, name, columns }) =>
      columns.map((column) => [reportedName(schema, name, column.name), column] as const),
    ),
  );
  return (shown) => {
    const whole = known.get(shown);
    if (whole !== undefined) return whole;
    return known.get([...known.keys()].find((name) => shown.startsWith(`${name} `)) ?? "");
  };
}

/**
 * What to write for a column in which originals are: what works for its type, and is not what is there.
 * @param leaks those of the column; none where its results are originals
 */
export function lineAgainst(column: SyncColumn, leaks: readonly Leak[]): string {
  const [value, note] = ruleAgainst(column, leaks);
  return `${lineInPlace(column.name, value, column.isListed === true)}${note === undefined ? "" : ` (${note})`}`;
}

function ruleAgainst(
  { type, family, treatment }: SyncColumn,
  leaks: readonly Leak[],
): readonly [rule: string, note?: string] {
  const kinds = [...new Set(leaks.map(({ kind }) => kind))];
  const rule = kinds[0] ?? "token";
  // What was searched is the original, and tells what `scrub` would leave, in a kept column alone.
  const isScrubbed = treatment === "keep" && kinds.length > 0 && !leaks.some(({ escapesScrub }) => escapesScrub);
  switch (family) {
    case "text":
      return [isScrubbed ? `{ scrub: [${kinds.join(", ")}] }` : "filler"];
    case "json":
      return [`{ json: { PATH: ${rule} }, keep: [PATH, ...] }`, "the paths that hold such values, and those that stay"];
    case "hstore":
      return [`{ hstore: { KEY: ${rule} }, keep: [KEY, ...] }`, "the keys that hold such values, and those that stay"];
    case "integer":
      return ["integer"];
    default:
      return type === "tsvector"
        ? [`{ expr: "to_tsvector('simple', {COLUMN})" }`, "of a column with a transform"]
        : ["{ value: null }", `or a fixed value; no transform takes parts of ${type}`];
  }
}
