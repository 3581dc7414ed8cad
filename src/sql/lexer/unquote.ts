import { continuesWord } from "./characters.ts";
import { Lexer } from "./lexer.ts";
import { TokenKind } from "./token-kind.ts";
import { RESERVED } from "../quote.ts";

/** Key words that are no name of a function or type without quotes (pg_get_keywords of 14 to 18: C). */
const RESERVED_FOR_CALLS: ReadonlySet<string> = new Set(
  (
    "between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer " +
    "interval json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize " +
    "json_table json_value least merge_action national nchar none normalize nullif numeric out overlay position precision " +
    "real row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists " +
    "xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable"
  ).split(" "),
);

/** A statement with its names in quotes only where they need them anywhere, as PostgreSQL itself writes them (quote_identifier). */
export function unquoteNames(sql: string): string {
  const lexer = new Lexer(sql);
  let text = "";
  let copied = 0;
  while (lexer.next()) {
    if (lexer.kind !== TokenKind.quotedIdentifier || sql.charAt(lexer.start) !== '"') continue;
    const name = sql.slice(lexer.start + 1, lexer.end - 1);
    if (!/^[a-z_][a-z0-9_]*$/.test(name) || RESERVED.has(name) || RESERVED_FOR_CALLS.has(name)) continue;
    if (continuesWord(sql.charCodeAt(lexer.start - 1)) || continuesWord(sql.charCodeAt(lexer.end))) continue;
    text += sql.slice(copied, lexer.start) + name;
    copied = lexer.end;
  }
  return text + sql.slice(copied);
}
