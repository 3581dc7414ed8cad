import { foldedName, namesFrom } from "../lexer/token-names.ts";
import type { Statement } from "../statement.ts";

/** A role of which others become members. */
export interface Membership {
  /** Folded, as its members are. */
  readonly role: string;
  readonly members: readonly string[];
  /** "GRANT admin" */
  readonly how: string;
}

/** GRANT admin, app TO web; CREATE ROLE web IN ROLE admin; ALTER GROUP admin ADD USER web. Pure. */
export function memberships(statement: Statement): Membership[] {
  const { firstWord, words } = statement;
  if (firstWord === "GRANT") return ofGrant(statement.tokens());
  if (!/^(?:ROLE|USER|GROUP)$/.test(words[1] ?? "")) return [];
  const tokens = statement.tokens();
  const named = foldedName(tokens[2] ?? "");
  if (firstWord === "ALTER") {
    const isAdded = words[1] === "GROUP" && tokens[3] === "ADD" && tokens[4] === "USER";
    return isAdded ? [{ role: named, members: namesFrom(tokens, 5).map(foldedName), how: "ADD USER" }] : [];
  }
  if (firstWord !== "CREATE") return [];
  const at = tokens.findIndex((token, index) => token === "IN" && /^(?:ROLE|GROUP)$/.test(tokens[index + 1] ?? ""));
  const roles = at < 0 ? [] : namesFrom(tokens, at + 2).map(foldedName);
  return roles.map((role) => ({ role, members: [named], how: `IN ROLE ${role}` }));
}

function ofGrant(tokens: readonly string[]): Membership[] {
  const to = tokens.indexOf("TO");
  if (tokens.includes("ON") || to < 0) return [];
  const members = namesFrom(tokens, to + 1).map(foldedName);
  return namesFrom(tokens, 1)
    .map(foldedName)
    .map((role) => ({ role, members, how: `GRANT ${role}` }));
}
