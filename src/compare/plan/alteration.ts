import type { Action } from "../engine/actions.ts";

/** A statement that is put among those of the planner, and makes, takes away and needs nothing. Pure. */
export function alteration(sql: string): Action {
  return {
    sql,
    verb: "alter",
    produces: [],
    consumes: [],
    destroys: [],
    releases: [],
    transactionality: "transactional",
    newSegmentBefore: false,
    dataLoss: "none",
    rewriteRisk: false,
  };
}
