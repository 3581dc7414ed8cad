import { writtenName } from "./lexer/token-names.ts";
import { inside, type Node, type Parser } from "./parser.ts";
import type { Statement } from "./statement.ts";

/** What a statement says that names a role. */
const ABOUT_ROLES = /\b(?:grant|revoke|owner|owned|authorization|policy|mapping|privileges|role|user|group)\b/i;
/** Of CREATE, what may name one: bodies of functions and views may be long, and name none. */
const CREATES = /^(?:SCHEMA|POLICY|USER|ROLE|GROUP)$/;
const FIRST_WORDS = /^(?:GRANT|REVOKE|ALTER|SET|REASSIGN|DROP)$/;

/** `CREATE ROLE name`, also inside of code. */
const MAKES_ROLE = /\bcreate\s+(?:role|group|user(?!\s+mapping\b))\s+("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)?/giu;

/**
 * Roles that statements take for granted, in the order in which they name them: those that one of them makes are not among them,
 * and none are told where code makes roles whose names it puts together. Pure.
 */
export function rolesTakenForGranted(statements: Iterable<Statement>, parser: Parser): readonly string[] {
  const named = new Set<string>();
  const made = new Set<string>();
  let areComputed = false;
  for (const statement of statements) {
    const { firstWord = "", words } = statement;
    if (firstWord === "DO" || firstWord === "CREATE") {
      for (const [, name] of statement.text.matchAll(MAKES_ROLE)) {
        if (name === undefined) areComputed = true;
        else made.add(writtenName(name));
      }
    }
    const mayName = FIRST_WORDS.test(firstWord) || (firstWord === "CREATE" && CREATES.test(words[1] ?? ""));
    if (!mayName || !ABOUT_ROLES.test(statement.text)) continue;
    for (const name of rolesIn(parser.parse(statement.text))) named.add(name);
  }
  return areComputed ? [] : [...named].filter((name) => !made.has(name));
}

function rolesIn(node: Node | undefined): string[] {
  // DROP ROLE IF EXISTS needs none; that it makes one, CREATE ROLE says above.
  if (inside(node, "DropRoleStmt") !== undefined) return [];
  const set = inside(node, "VariableSetStmt");
  if (set !== undefined) {
    const value = inside(set.args?.[0], "A_Const")?.sval?.sval;
    return /^(?:role|session_authorization)$/.test(set.name ?? "") && value !== undefined && value !== "none"
      ? [value]
      : [];
  }
  const granted = (inside(node, "GrantRoleStmt")?.granted_roles ?? []).flatMap(
    (role) => inside(role, "AccessPriv")?.priv_name ?? [],
  );
  return [...granted, ...specified(node)];
}

/** The names in every `RoleSpec` of a tree, but for CURRENT_USER, PUBLIC and the like. */
function specified(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { roletype, rolename } = value as { readonly roletype?: unknown; readonly rolename?: unknown };
  if (roletype === "ROLESPEC_CSTRING" && typeof rolename === "string") return [rolename];
  return Object.values(value).flatMap(specified);
}
