import { quoteIdentifier } from "#sql/quote.ts";
import { alterRelation } from "./alter-relation.ts";
import { inherited } from "./inherited.ts";
import { type Extra, kind, type Side } from "./kind.ts";

/** By pg_trigger.tgenabled. */
interface TriggerState {
  readonly enabled: string;
}

/** Where a partition's trigger does not have that of the one it comes from. */
export const triggerState = kind<TriggerState>({
  query: {
    path: "array[r.nspname, r.relname, t.tgname]",
    relation: "r.oid",
    payload: "'enabled', t.tgenabled",
    from: `from relation r join pg_trigger t on t.tgrelid = r.oid and t.tgconstraint = 0 join pg_trigger pt on pt.oid = t.tgparentid
      where t.tgenabled <> pt.tgenabled`,
  },
  text: ({ enabled }) => STATES[enabled] ?? "",
  // That of the parent makes the partition's.
  names: (extra, side) => [inherited("trigger", extra, side)?.id ?? []].flat(),
  statements: {
    create: (extra, side) => [setState(extra, extra.payload.enabled, side)],
    reset: (extra, side) => {
      const usual = inherited("trigger", extra, side)?.payload["enabled"];
      return typeof usual === "string" ? [setState(extra, usual, side)] : [];
    },
  },
});

function setState({ relation, path }: Extra, enabled: string, { facts }: Side): string {
  return `${alterRelation(relation, facts)} ${STATES[enabled]} TRIGGER ${quoteIdentifier(path[2] ?? "")}`;
}

const STATES: Readonly<Record<string, string>> = {
  O: "ENABLE",
  D: "DISABLE",
  R: "ENABLE REPLICA",
  A: "ENABLE ALWAYS",
};
