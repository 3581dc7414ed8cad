import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import type { Rule } from "../rule.ts";

export const identifierTooLong: Rule = {
  id: "identifier-too-long",
  title: "A name longer than 63 bytes",
  group: "transactions",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["identifier-too-long"] },
  why: "PostgreSQL cuts a longer name to 63 bytes and only gives a notice. Statements that name it in full still work, but the name in the catalogue is another one, and two long names can become the same.",
  instead: "Choose a shorter name.",
  wrong:
    "CREATE TABLE a_table_with_a_name_that_is_so_long_that_postgresql_does_not_keep_all_of_it (id bigint PRIMARY KEY);",
  right: "CREATE TABLE a_table_with_a_shorter_name (id bigint PRIMARY KEY);",
  check({ statement }) {
    // Bodies are strings to it.
    if (!/[\p{L}\p{N}_$]{32}|"[^"]{32}/u.test(statement.text)) return [];
    const long = longName(statement.text);
    if (long === undefined) return [];
    const name = long.text.replaceAll('"', "");
    return [
      {
        message: `PostgreSQL cuts this name to 63 bytes: ${clipName(name)}`,
        at: Buffer.byteLength(statement.text.slice(0, long.start)),
      },
    ];
  },
};

/** The first one; a statement may be megabytes long. */
function longName(sql: string): { readonly start: number; readonly text: string } | undefined {
  const lexer = new Lexer(sql);
  while (lexer.next()) {
    const { kind, start, end } = lexer;
    const isQuoted = kind === TokenKind.quotedIdentifier;
    if ((kind !== TokenKind.word && !isQuoted) || end - start <= NAME_BYTES / 4) continue;
    const text = sql.slice(start, end);
    if (Buffer.byteLength(isQuoted ? text.slice(1, -1).replaceAll('""', '"') : text) > NAME_BYTES) {
      return { start, text };
    }
  }
  return undefined;
}
