import { plan } from "@supabase/pg-delta/plan";
import { engineFacts, type Facts } from "./facts.ts";
import type { ObjectId } from "./object-id.ts";

/** One statement as the planner gives it: not run, and maybe not right. */
export interface Action {
  readonly sql: string;
  readonly verb: "create" | "alter" | "drop";
  readonly produces: readonly ObjectId[];
  readonly consumes: readonly ObjectId[];
  readonly destroys: readonly ObjectId[];
  /** What it does not refer to any more afterwards. */
  readonly releases: readonly ObjectId[];
  readonly transactionality: "transactional" | "nonTransactional" | "commitBoundaryAfter";
  /** It needs a COMMIT before it. */
  readonly newSegmentBefore: boolean;
  readonly dataLoss: "none" | "destructive";
}

/** The planner knows no statements, or no order of them. */
export class PlannerRefusal extends Error {
  /** The actions that wait for each other; none where that is not why. */
  readonly cycle: readonly Action[];

  constructor(cause: unknown) {
    super((cause as Error).message, { cause });
    this.cycle = (cause as { readonly cycle?: readonly Action[] }).cycle ?? [];
  }
}

/**
 * What brings a database from one state to another. Pure.
 * @throws PlannerRefusal
 */
export function migrationActions(from: Facts, to: Facts): readonly Action[] {
  return actionsOf(from, to, { renames: "off" });
}

/**
 * What makes everything in an empty database, whose server has the roles. Pure.
 * @param compact whether what belongs to a table is made with it, as far as that changes nothing
 * @throws PlannerRefusal
 */
export function creationActions(from: Facts, to: Facts, compact: boolean): readonly Action[] {
  const assumedRoles = to.facts().flatMap(({ id }) => (id.kind === "role" ? [id.name] : []));
  return actionsOf(from, to, { scope: "database", assumedRoles, compact });
}

function actionsOf(from: Facts, to: Facts, options: Parameters<typeof plan>[2]): readonly Action[] {
  try {
    return plan(engineFacts(from), engineFacts(to), options).actions;
  } catch (cause) {
    throw new PlannerRefusal(cause);
  }
}
