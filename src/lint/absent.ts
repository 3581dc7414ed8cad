import type { StatementFacts } from "#compare/trace/facts.ts";
import type { Found } from "./rule.ts";

/** What is said of a DROP IF EXISTS that found nothing in the scratch database: made by hand, it may be elsewhere. */
export function absentNote(facts: StatementFacts | undefined): readonly Found[] | undefined {
  if (facts?.absent === undefined) return undefined;
  return [
    {
      message: `The migrations leave no ${facts.absent}: nothing is lost but in a database where it was made by hand`,
      severity: "note",
    },
  ];
}
