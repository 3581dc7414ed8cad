import { unquoteNames } from "#sql/lexer/unquote.ts";
import { withoutNeedlessParentheses } from "#sql/parentheses.ts";
import { withoutNeedlessCasts } from "#sql/needless-casts.ts";
import type { Parser } from "#sql/parser.ts";
import { layOutStatement } from "../engine/format.ts";

/**
 * A planned statement as it is written into schema files and migrations: names in quotes, expressions in parentheses and
 * casts of defaults only where they need them, laid out over lines as long as that moves nothing but spaces and line ends. Without a semicolon. Pure.
 */
export function inHouseStyle(sql: string, parser: Parser): string {
  const named = unquoteNames(sql).trim().replace(QUERY_OF_VIEW, "$1 AS\n ").replace(USUAL_METHOD, "$1");
  const bare = MAKES_COLUMNS.test(named) ? withoutNeedlessCasts(named) : named;
  const plain = HAS_EXPRESSIONS.test(bare) ? withoutNeedlessParentheses(bare, parser) : bare;
  // The formatter would end lines in bodies otherwise, which is another body.
  if (LAID_OUT.test(plain) || plain.includes("\r")) return plain;
  const text = layOutStatement(plain);
  return text !== undefined && withoutSpace(text) === withoutSpace(plain) ? text : plain;
}

/** What is made or changed; rows and calls are written without parentheses that they do not need. */
const HAS_EXPRESSIONS = /^(?:CREATE|ALTER) /;

const MAKES_COLUMNS = /^(?:CREATE (?:UNLOGGED )?|ALTER )TABLE /;

/** PostgreSQL gives a view's query with a space before it, and its lines below that. */
const QUERY_OF_VIEW = /^(CREATE (?:OR REPLACE )?(?:MATERIALIZED )?VIEW [^\n]*?) AS {2}(?=SELECT |WITH | ?VALUES)/;

/** A B-tree is what an index is anyway. */
const USUAL_METHOD = new RegExp(
  String.raw`^(CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?NAME ON (?:ONLY )?NAME(?:\.NAME)?) USING btree(?= \()`.replaceAll(
    "NAME",
    String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`,
  ),
);

/** PostgreSQL lays functions and views out itself, queries, foreign partitions and several changes of a table come laid out, and pg-delta does not know the others. */
const LAID_OUT =
  /^(SELECT|UPDATE|DO|CREATE OR REPLACE (FUNCTION|PROCEDURE)|CREATE (OR REPLACE )?(MATERIALIZED )?VIEW|CREATE FOREIGN TABLE [^(]+ PARTITION OF|ALTER TABLE [^\n]+\n {2}ALTER COLUMN|(CREATE|ALTER|COMMENT ON) (TEXT SEARCH|OPERATOR|CAST)) /;

function withoutSpace(sql: string): string {
  return sql.replaceAll(/\s+/g, "").toLowerCase();
}
