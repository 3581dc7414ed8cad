import type { SourceColumn } from "../source/catalogue.ts";
import { familyOf } from "../transforms/registry.ts";
import type { Leak } from "./proof-result.ts";

/** A rule that may keep originals out of a column, as YAML. */
export interface Candidate {
  readonly value: string;
  /** Of one that somebody has to complete, so that it cannot be tried: with what. */
  readonly note?: string;
}

/** What is known of a column that holds originals. */
interface Held {
  readonly column: SourceColumn;
  /** What was found in it; none where its results are originals. */
  readonly leaks: readonly Pick<Leak, "kind" | "escapesScrub">[];
  /** Whether it is copied as it is. */
  readonly isKept: boolean;
  /** Columns of its table that rules replace. */
  readonly replaced: readonly SourceColumn[];
}

/** Rules against originals in a column, by its type: first what leaves most of it. */
export function candidatesAgainst({ column, leaks, isKept, replaced }: Held): Candidate[] {
  const kinds = [...new Set(leaks.map(({ kind }) => kind))];
  // What was searched is the original, and tells what `scrub` would leave, in a kept column alone.
  const isScrubbed = isKept && kinds.length > 0 && !leaks.some(({ escapesScrub }) => escapesScrub);
  const fixed = ["{ value: null }", '{ value: "" }', '{ value: "{}" }', '{ value: "0" }'].map((value) => ({ value }));
  const rule = kinds[0] ?? "token";
  const same = "`{ as: TABLE.COLUMN }` in its place gives the results of a column that holds the same values";
  switch (familyOf(column)) {
    case "text": {
      const token = column.length === null ? [] : [`{ token: { length: ${column.length} } }`];
      const values = [
        ...(isScrubbed ? [`{ scrub: [${kinds.join(", ")}] }`] : []),
        "filler",
        "token",
        ...token,
        ...kinds,
      ];
      return [...values.map((value) => ({ value })), ...fixed];
    }
    case "json":
      return [
        {
          value: `{ json: { PATH: ${rule} }, keep: [PATH, ...] }`,
          note: `the paths that hold such values, and those that stay; ${same}. Keys are copied as they are where \`keep\` or \`keys: keep\` has them: a path to an object whose keys are originals is left out`,
        },
      ];
    case "hstore":
      return [
        {
          value: `{ hstore: { KEY: ${rule} }, keep: [KEY, ...] }`,
          note: `the keys that hold such values, and those that stay; ${same}`,
        },
      ];
    case "integer":
      return [{ value: "integer" }, ...fixed];
    default:
      return [
        ...(column.baseType === "tsvector" && !column.isArray
          ? [
              ...replaced
                .filter((one) => familyOf(one) === "text" && !one.isArray)
                .map(({ name }) => ({ value: `{ expr: "to_tsvector('simple', {${name}})" }` })),
              { value: `{ expr: "to_tsvector('simple', {COLUMN})" }`, note: "of a column with a transform" },
            ]
          : []),
        ...fixed,
      ];
  }
}
