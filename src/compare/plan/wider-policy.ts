import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import type { PlannedStatement } from "./statement.ts";

/**
 * Whether a statement makes or changes a policy that may let through more than the one it takes the place of. What a condition
 * means is not judged: another one may let through more, unless it is the old one with something added by AND. Pure.
 */
export function securityOf(
  { sql, makes, needs }: Pick<PlannedStatement, "sql" | "makes" | "needs">,
  from: Facts,
  to: Facts,
): SecurityHazard | undefined {
  const id = (sql.startsWith("ALTER POLICY ") ? needs : makes).find(({ kind }) => kind === "policy");
  const [before, after] = [id && policyOf(id, from), id && policyOf(id, to)];
  if (id?.kind !== "policy" || before === undefined || after === undefined) return undefined;
  // A restriction lets nothing through by itself.
  if (before.permissive && !after.permissive) return undefined;
  const about = { code: "SECURITY", policy: id.name } as const;
  if (!isNarrower(before.using, after.using) || !isNarrower(before.check, after.check))
    return { ...about, reason: "policy-condition" };
  return isWiderInScope(before, after) ? { ...about, reason: "policy-scope" } : undefined;
}

interface Policy {
  readonly permissive: boolean;
  readonly roles: readonly string[];
  /** As pg_policy.polcmd has it: `*` for all. */
  readonly command: unknown;
  /** For rows that are there, and for those that are written. */
  readonly using: string | undefined;
  readonly check: string | undefined;
}

function policyOf(id: ObjectId, facts: Facts): Policy | undefined {
  const payload = facts.get(id)?.payload;
  if (payload === undefined) return undefined;
  const { permissive, roles, cmd, usingExpr, checkExpr } = payload;
  const using = typeof usingExpr === "string" ? usingExpr : undefined;
  return {
    permissive: permissive === true,
    roles: Array.isArray(roles) ? roles.map(String) : [],
    command: cmd,
    using,
    // Without one, USING holds for what is written as well (manual, CREATE POLICY, "check_expression").
    check: typeof checkExpr === "string" ? checkExpr : using,
  };
}

/** Whether everything that fulfils `after` fulfils `before`, as far as the texts tell. */
function isNarrower(before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || before === "true" || before === after) return true;
  if (after === undefined) return false;
  const now = new Set(conjuncts(after));
  return conjuncts(before).every((each) => now.has(each));
}

/** What AND holds together, as pg_get_expr writes it: AND and OR in parentheses of their own, and what they join as well. */
function conjuncts(condition: string): string[] {
  const tokens = tokensOf(condition);
  const close = tokens.findIndex(({ kind, depth }, at) => at > 0 && depth === 0 && kind === TokenKind.close);
  const isWrapped = tokens[0]?.kind === TokenKind.open && close === tokens.length - 1;
  if (isWrapped) return conjuncts(condition.slice(tokens[0]!.end, tokens[close]!.start));
  const words = tokens.filter(({ depth }) => depth === 0);
  const ands = words.filter((token) => isWord(token, "AND"));
  if (ands.length === 0 || words.some((token) => isWord(token, "OR"))) return [condition.trim()];
  const starts = [0, ...ands.map(({ end }) => end)];
  return starts.flatMap((start, index) => conjuncts(condition.slice(start, ands[index]?.start)));
}

function isWiderInScope(before: Policy, after: Policy): boolean {
  if (before.permissive !== after.permissive) return true;
  // Who is let through by a permissive policy, or held back by a restrictive one.
  const [less, more] = after.permissive ? [before, after] : [after, before];
  const covers = less.command === "*" || less.command === more.command;
  return !covers || !(less.roles.includes("PUBLIC") || more.roles.every((role) => less.roles.includes(role)));
}
