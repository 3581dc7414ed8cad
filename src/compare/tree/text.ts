import { Lexer, TokenKind } from "#sql/lexer.ts";
import { layOutStatement } from "../engine/format.ts";
import { asReadBack } from "../plan/reread.ts";
import type { PlannedFile } from "./statements.ts";

/**
 * A schema file for reading, which builds what the statements make in the words that PostgreSQL has for it now. Pure.
 * @param keywords words that mean something else without quotes
 */
export function renderSchemaFile({ statements, ahead }: PlannedFile, keywords: ReadonlySet<string>): string {
  const texts = statements.map((sql) => `${format(unquoteNames(asReadBack(sql), keywords))};\n`);
  if (!ahead) return texts.join("\n");
  return [
    "-- Its body is not looked at yet: it speaks of what only a later file makes, or of what has changed since.\nSET check_function_bodies = off;\n",
    ...texts,
    "RESET check_function_bodies;\n",
  ].join("\n");
}

/**
 * The schema files as the base of the migrations, for databases that are made by migrations alone. Pure.
 * @param dir the folder of the files, as shown to the reader
 */
export function renderBase(files: readonly { readonly path: string; readonly text: string }[], dir: string): string {
  return [
    "-- What the database held when this project was made of it. `confiture migrate up` runs this first in a database\n" +
      "-- that is empty, and never in another.\n",
    ...files.map(({ path, text }) => `-- ${dir}/${path}\n${text}`),
  ].join("\n");
}

/** PostgreSQL lays functions out itself, and pg-delta does not know the others. */
const LAID_OUT = /^(CREATE OR REPLACE (FUNCTION|PROCEDURE)|(CREATE|ALTER|COMMENT ON) (TEXT SEARCH|OPERATOR|CAST)) /;

/** Laid out by pg-delta, as long as that moves nothing but spaces and line ends. */
function format(sql: string): string {
  if (LAID_OUT.test(sql)) return sql;
  const text = layOutStatement(sql);
  return text !== undefined && withoutSpace(text) === withoutSpace(sql) ? text : sql;
}

function withoutSpace(sql: string): string {
  return sql.replaceAll(/\s+/g, "").toLowerCase();
}

/** Names in quotes only where they need them, as PostgreSQL itself writes them (quote_identifier). */
export function unquoteNames(sql: string, keywords: ReadonlySet<string>): string {
  const lexer = new Lexer(sql);
  let text = "";
  let copied = 0;
  while (lexer.next()) {
    if (lexer.kind !== TokenKind.quotedIdentifier) continue;
    const name = sql.slice(lexer.start + 1, lexer.end - 1);
    if (!/^[a-z_][a-z0-9_]*$/.test(name) || sql.charAt(lexer.start) !== '"' || keywords.has(name)) continue;
    text += sql.slice(copied, lexer.start) + name;
    copied = lexer.end;
  }
  return text + sql.slice(copied);
}
