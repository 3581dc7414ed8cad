import { TokenKind } from "#sql/lexer/token-kind.ts";
import { isWord, type Token, tokensOf } from "#sql/lexer/tokens.ts";
import type { SchemaTree } from "./schema-tree.ts";

/** Where IF NOT EXISTS stands in a CREATE, or could. */
interface Guard {
  /** "TABLE", "INDEX": what is made. */
  readonly what: string;
  readonly isThere: boolean;
  /** The word that it comes behind. */
  readonly behind: Token;
}

/** What can be made IF NOT EXISTS. */
const GUARDED = /^(?:table|index|sequence|schema|extension|statistics|server|collation)$/i;
/** Words between CREATE and these. */
const BETWEEN = /^(?:unique|unlogged|foreign|materialized)$/i;
/** Characters in which all of that stands. */
const HEAD = 200;

function guardOf(sql: string): Guard | undefined {
  const tokens = tokensOf(sql.slice(0, HEAD));
  if (!isWord(tokens[0], "CREATE")) return undefined;
  let at = 1;
  while (BETWEEN.test(tokens[at]?.text ?? "")) at++;
  const isView = isWord(tokens[at], "VIEW") && isWord(tokens[at - 1], "MATERIALIZED");
  const word = tokens[at];
  if (word === undefined || word.kind !== TokenKind.word || (!isView && !GUARDED.test(word.text))) return undefined;
  const behind = isWord(tokens[at + 1], "CONCURRENTLY") ? tokens[at + 1]! : word;
  const next = tokens[tokens.indexOf(behind) + 1];
  // What has no name yet gets a free one.
  if (next === undefined || isWord(next, "ON") || next.text === "(") return undefined;
  return { what: word.text.toUpperCase(), isThere: isWord(next, "IF"), behind };
}

/** Whether a CREATE passes over what is there. */
export function isGuarded(sql: string | undefined): boolean {
  return sql !== undefined && guardOf(sql)?.isThere === true;
}

/** With IF NOT EXISTS, where PostgreSQL takes it. Pure. */
export function guarded(sql: string): string {
  const guard = guardOf(sql);
  if (guard === undefined || guard.isThere) return sql;
  const { end, text } = guard.behind;
  return `${sql.slice(0, end)} ${text === text.toLowerCase() ? "if not exists" : "IF NOT EXISTS"}${sql.slice(end)}`;
}

/**
 * Whether the files make something IF NOT EXISTS throughout: every other thing of its kind, or, where they have none, everything
 * that can be made so.
 */
export function guardHabitOf(tree: SchemaTree): (sql: string) => boolean {
  const all = tree.sentences.flatMap(({ statement }) =>
    statement.firstWord === "CREATE" ? (guardOf(statement.text) ?? []) : [],
  );
  return (sql) => {
    const what = guardOf(sql)?.what;
    const peers = all.filter((each) => each.what === what);
    const models = peers.length > 0 ? peers : all;
    return what !== undefined && models.length > 0 && models.every(({ isThere }) => isThere);
  };
}
