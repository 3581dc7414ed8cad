import { diff } from "@supabase/pg-delta/core";
import { type Edge, engineFacts, type Fact, type Facts, type Value } from "./facts.ts";
import type { ObjectId } from "./object-id.ts";

/** One thing that two databases do not share. */
export type Difference =
  | { readonly verb: "add" | "remove"; readonly fact: Fact }
  /** A property; undefined where a side does not have it. */
  | { readonly verb: "set"; readonly id: ObjectId; readonly attr: string; readonly from: Value; readonly to: Value }
  | { readonly verb: "link" | "unlink"; readonly edge: Edge };

/** What has to happen to `from` to become `to`; a part of something new or gone is listed as well. Pure. */
export function differences(from: Facts, to: Facts): readonly Difference[] {
  return diff(engineFacts(from), engineFacts(to));
}
