import type { SyncFinding, Trial } from "../finding.ts";
import { yamlPath } from "./yaml-key.ts";

/** What stands at a path for which the rule has nothing, as the source counts it. */
export interface UnfitValue {
  /** As rules write it; "the document" for all of it. */
  readonly path: string;
  /** "an array" */
  readonly what: string;
  readonly n: number;
}

/** A finding for each path, where the rule writes it, with the line that is missing. */
export function unfitFindings(found: readonly UnfitValue[], { finding, paths = [] }: Trial): SyncFinding[] {
  return found.map(({ path, what, n }) => {
    const from = path === "the document" ? "" : path;
    const below = paths.filter((one) => isWithin(one.path, from));
    return {
      ...finding,
      message: `${finding.message}: ${path} is ${what} in ${n} ${n === 1 ? "row" : "rows"}`,
      location: below[0]?.location ?? finding.location,
      fix: fixOf(from, what, below),
    };
  });
}

function isWithin(path: string, from: string): boolean {
  const of = from.replace(/(?:\[\])+$/, "");
  return from === "" || path === of || path.startsWith(`${of}.`) || path.startsWith(`${of}[`);
}

function fixOf(from: string, what: string, below: NonNullable<Trial["paths"]>): string {
  const line = (path: string, rule: string): string => `${yamlPath(path)}: ${rule}`;
  const rules = [...new Set(below.map(({ rule }) => rule))];
  const nothing = line(from, "{ value: null }");
  if (what === "an array") {
    const within = below.filter(({ path }) => path.startsWith(from === "" ? "" : `${from}.`));
    return `Add ${within.map(({ path, rule }) => line(`${from}[]${from === "" ? `.${path}` : path.slice(from.length)}`, rule)).join(", ")}`;
  }
  if (what === "an object") return `Add ${line(`${from}.KEY`, rules[0] ?? "keep")} for each of its keys; or ${nothing}`;
  if (from === "") return "A document that is a text or number as a whole takes no rule: leave such rows out (`rows`)";
  // A rule for another kind of value has to give way.
  if (below.some(({ path }) => path === from)) return `Write ${nothing}`;
  return `Add ${rules.length === 1 ? line(from, rules[0]!) : nothing}`;
}
