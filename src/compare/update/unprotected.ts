import type { Parser } from "#sql/parser.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type TakenAway, takenAway } from "../catalogue/taken-away.ts";

/** What protects rows or what is in them, as an object of its own. Of everything else that goes, the diff says enough. */
const PROTECTING: ReadonlySet<string> = new Set(["policy", "constraint", "trigger", "event trigger", "rule"]);

/**
 * What protected something and goes from the schema files, or protects less in them.
 * @param from what they build, with the names that migrations have given to what is in them
 */
export function unprotected(from: Catalogue, target: Catalogue, parser: Parser): readonly TakenAway[] {
  return takenAway(from, target, parser).filter(
    ({ kind, change }) => change.change !== "dropped" || PROTECTING.has(kind),
  );
}
