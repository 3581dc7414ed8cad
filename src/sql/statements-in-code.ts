import { Statement } from "./statement.ts";

/** What the next statement of a body in SQL or PL/pgSQL may stand behind. */
const BEFORE: ReadonlySet<string> = new Set(["BEGIN", "ATOMIC", "THEN", "ELSE", "LOOP", ";"]);
/** Words with which the statements begin that change what is stored, or who sees it, without being about rows. */
const BEGINS: ReadonlySet<string> = new Set(["ALTER", "COPY", "CREATE", "GRANT", "REASSIGN"]);

/** Statements about objects and rights that stand as such in the body of a function, by its tokens; none that it puts together. Pure. */
export function statementsInCode(tokens: readonly string[]): Statement[] {
  const found: Statement[] = [];
  for (const [at, token] of tokens.entries()) {
    if (!BEGINS.has(token) || (at > 0 && !BEFORE.has(tokens[at - 1]!))) continue;
    const end = tokens.indexOf(";", at);
    found.push(Statement.of(tokens.slice(at, end < 0 ? undefined : end).join(" ")));
  }
  return found;
}
