import { deserializeSnapshot, serializeSnapshot } from "@supabase/pg-delta/core";
import { resolveView } from "@supabase/pg-delta/policy";
import { engineFacts, type Facts, withUnreadable } from "./facts.ts";

/** As a JSON document: the same facts give the same one. */
export function serializeFacts(facts: Facts, major: number): object {
  return JSON.parse(serializeSnapshot(engineFacts(facts), { pgVersion: String(major) })) as object;
}

/** @throws Error when the document was changed or is broken */
export function deserializeFacts(document: object): Facts {
  const { factBase } = deserializeSnapshot(JSON.stringify(document));
  return withUnreadable(factBase, resolveView(factBase, undefined));
}
