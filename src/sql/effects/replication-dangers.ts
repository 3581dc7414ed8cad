import { foldedName, namesAltered } from "../lexer/token-names.ts";
import type { Statement } from "../statement.ts";
import type { DangerKind } from "./danger-kinds.ts";

const SLOT_CALLS: ReadonlySet<string> = new Set(
  "PG_DROP_REPLICATION_SLOT,PG_REPLICATION_SLOT_ADVANCE,PG_LOGICAL_SLOT_GET_CHANGES,PG_LOGICAL_SLOT_GET_BINARY_CHANGES,PG_REPLICATION_ORIGIN_ADVANCE,PG_REPLICATION_ORIGIN_DROP".split(
    ",",
  ),
);

/** What a statement does to rows that come from other servers, or to those who follow this one. Pure. */
export function replicationDangers(statement: Statement): DangerKind[] {
  const { firstWord, words, text } = statement;
  if (firstWord === "SELECT") {
    if (!/\bpg_\w*(?:slot|origin)_?\w*\s*\(/i.test(text)) return [];
    const tokens = statement.tokens();
    const call = tokens.find((token, at) => SLOT_CALLS.has(token) && tokens[at + 1] === "(");
    return call === undefined ? [] : [{ kind: "replication-slot", call: call.toLowerCase() }];
  }
  if (firstWord !== "CREATE" && firstWord !== "ALTER") return [];
  if (words[1] === "SUBSCRIPTION") return ofSubscription(statement.tokens());
  if (firstWord === "CREATE") return [];
  if (words[1] === "PUBLICATION") return ofPublication(statement.tokens());
  if (words[1] !== "TABLE" || !/\breplica\b/i.test(text)) return [];
  const tokens = statement.tokens();
  const isNothing = tokens.some((token, at) => token === "NOTHING" && tokens[at - 1] === "IDENTITY");
  return isNothing ? [{ kind: "replica-identity", table: foldedName(namesAltered(tokens)[0] ?? "") }] : [];
}

function ofSubscription(tokens: readonly string[]): DangerKind[] {
  const name = foldedName(tokens[2] ?? "");
  const does = (effect: (DangerKind & { kind: "subscription" })["effect"]): DangerKind[] => [
    { kind: "subscription", name, effect },
  ];
  if (tokens[0] === "CREATE") return does("writes");
  switch (tokens[3]) {
    case "RENAME":
    case "OWNER":
      return [];
    case "DISABLE":
    case "DROP":
      return does("stops");
    case "SKIP":
      return does("skips");
    case "SET":
      if (tokens[4] !== "(") return does("writes");
      // Its other options decide how it works, not what.
      return tokens.includes("SLOT_NAME") ? does("stops") : [];
    default:
      return does("writes");
  }
}

/** ALTER PUBLICATION p DROP TABLE notes, SET TABLE users, SET (publish = 'insert') */
function ofPublication(tokens: readonly string[]): DangerKind[] {
  const [, , name = "", verb = "", next = ""] = tokens;
  const isNarrowed = verb === "DROP" || (verb === "SET" && (next !== "(" || tokens.includes("PUBLISH")));
  if (!isNarrowed) return [];
  return [{ kind: "publication-narrowed", name: foldedName(name), how: `${verb} ${next === "(" ? "publish" : next}` }];
}
