import { writtenName } from "./lexer/token-names.ts";
import type { Statement } from "./statement.ts";

const KINDS: ReadonlySet<string> = new Set([
  "TABLE", "VIEW", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "SEQUENCE", "SCHEMA", "EXTENSION",
  "COLLATION", "ROLE", "OPERATOR", "LANGUAGE", "SERVER",
]); // prettier-ignore

/** What a CREATE makes, `CREATE [anything] KIND [IF NOT EXISTS] [schema.]name`: the name without its schema, folded. */
export function definedName(statement: Statement): string | undefined {
  if (statement.words[0] !== "CREATE") return undefined;
  const tokens = statement.tokens(16);
  let at = tokens.findIndex((token) => KINDS.has(token)) + 1;
  if (at === 0) return undefined;
  if (tokens[at] === "IF") at += 3;
  while (tokens[at + 1] === ".") at += 2;
  const name = tokens[at];
  return name && writtenName(name);
}
