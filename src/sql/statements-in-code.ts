import { Statement } from "./statement.ts";

/** What the next statement of a body in SQL or PL/pgSQL may stand behind. */
const BEFORE: ReadonlySet<string> = new Set(["BEGIN", "ATOMIC", "THEN", "ELSE", "LOOP", ";"]);
/**
 * Words with which the statements begin that change what is stored, what protects it, or who sees it; rows that are only changed are
 * none of these.
 */
const BEGINS: ReadonlySet<string> = new Set(
  "ALTER,COPY,CREATE,GRANT,INSERT,LOAD,MERGE,PERFORM,REASSIGN,SELECT,SET".split(","),
);
/** Those that call functions; with INTO, PL/pgSQL keeps the answer in a variable. */
const CALLS: ReadonlySet<string> = new Set(["PERFORM", "SELECT"]);

/** Statements about objects and rights that stand as such in the body of a function, by its tokens; none that it puts together. Pure. */
export function statementsInCode(tokens: readonly string[]): Statement[] {
  const found: Statement[] = [];
  for (const [at, token] of tokens.entries()) {
    // In an assignment or a condition.
    if (/^SET(?:VAL|_CONFIG)$/.test(token) && tokens[at + 1] === "(") found.push(callAt(tokens, at));
    if (!BEGINS.has(token) || (at > 0 && !BEFORE.has(tokens[at - 1]!))) continue;
    const end = tokens.indexOf(";", at);
    const own = tokens.slice(at, end < 0 ? undefined : end);
    if (CALLS.has(token)) {
      if (!own.includes("INTO")) found.push(Statement.of(["SELECT", ...own.slice(1)].join(" ")));
    } else found.push(Statement.of(own.join(" ")));
  }
  return found;
}

/** As a statement of its own. */
function callAt(tokens: readonly string[], at: number): Statement {
  let depth = 0;
  const end = tokens.findIndex((token, index) => {
    depth += index <= at ? 0 : token === "(" ? 1 : token === ")" ? -1 : 0;
    return index > at && depth === 0;
  });
  return Statement.of(["SELECT", ...tokens.slice(at, end < 0 ? undefined : end + 1)].join(" "));
}

/** CREATE SCHEMA s CREATE VIEW v AS ... GRANT SELECT ON v TO PUBLIC: the statements within it; any other statement by itself. Pure. */
export function withinSchema(statement: Statement): readonly Statement[] {
  if (statement.firstWord !== "CREATE" || statement.words[1] !== "SCHEMA") return [statement];
  const tokens = statement.tokens();
  let depth = 0;
  const begins = tokens.flatMap((token, at) => {
    depth += token === "(" ? 1 : token === ")" ? -1 : 0;
    return at > 1 && depth === 0 && (token === "CREATE" || (token === "GRANT" && tokens[at - 1] !== "WITH"))
      ? [at]
      : [];
  });
  return begins.map((at, index) => Statement.of(tokens.slice(at, begins[index + 1]).join(" ")));
}
