import { isMissingName } from "#database/advice.ts";
import type { Script } from "#database/script.ts";
import type { ServerReport } from "#errors/error.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * The name of the object that a failed statement did not find, without its schema, or undefined when the
 * failure is another, or names nothing. Message texts are translated, the quotes around names are not always `"`: what is looked
 * for is a name, so any quoting will do.
 */
export function missingObject(server: ServerReport): string | undefined {
  if (!isMissingName(server)) return undefined;
  const quoted = /["«„“'‘]([^"»“”'’]+)["»“”'’]/.exec(server.message)?.[1];
  const called = /([\w.$]+)\(/.exec(server.message)?.[1];
  const name = quoted ?? called;
  return name?.slice(name.lastIndexOf(".") + 1);
}

const KINDS: ReadonlySet<string> = new Set([
  "TABLE", "VIEW", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "SEQUENCE", "SCHEMA", "EXTENSION",
  "COLLATION", "ROLE", "OPERATOR", "LANGUAGE", "SERVER",
]); // prettier-ignore

/** The statement of a script that creates an object of this name. */
export function findDefinition(script: Script, name: string): Statement | undefined {
  return script.statements.find((statement) => definedName(statement) === name);
}

/** `CREATE [anything] KIND [IF NOT EXISTS] [schema.]name`: the name without its schema, folded. */
function definedName(statement: Statement): string | undefined {
  if (statement.words[0] !== "CREATE") return undefined;
  const tokens = statement.tokens(16);
  let at = tokens.findIndex((token) => KINDS.has(token)) + 1;
  if (at === 0) return undefined;
  if (tokens[at] === "IF") at += 3;
  while (tokens[at + 1] === ".") at += 2;
  const name = tokens[at];
  return name && writtenName(name);
}
