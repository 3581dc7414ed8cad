import { TokenKind } from "#sql/lexer/token-kind.ts";
import { unquoteNames } from "#sql/lexer/unquote.ts";
import { withoutPublic } from "#sql/without-public.ts";
import { inHouseStyle } from "../plan/house-style.ts";
import { asReadBack } from "../plan/reread.ts";
import { inside, offsetOfByte } from "#sql/parser.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import type { SchemaTree } from "./schema-tree.ts";

/** How the statements of a tree are written, and statements of a plan in that way. */
export interface Style {
  /** A planned statement as it is to stand in a file: laid out, without a semicolon. */
  statement(sql: string): string;
  /** A part of one, such as a type or an expression, on one line. */
  part(sql: string): string;
  /** As `part`, for the type of a column. */
  type(sql: string): string;
}

/** Takes the habits of a tree: keywords and types in lower or upper case, whether "public." is written. */
export function styleOf(tree: SchemaTree): Style {
  const habits = readHabits(tree);
  const adapt = (sql: string): string => {
    const text = habits.writesPublic ? sql : withoutPublic(sql);
    return habits.lowerCase ? mapWords(text, (word) => (/^[A-Z_]+$/.test(word) ? word.toLowerCase() : word)) : text;
  };
  return {
    statement: (sql) => adapt(inHouseStyle(asReadBack(sql), tree.parser)),
    part: (sql) => adapt(unquoteNames(sql)),
    type: (sql) => {
      const text = adapt(unquoteNames(sql));
      const short = habits.shortTypes ? shortened(text) : text;
      return habits.upperCaseTypes
        ? mapWords(short, (word) => (BUILT_IN.has(word) ? word.toUpperCase() : word))
        : short;
    },
  };
}

interface Habits {
  readonly lowerCase: boolean;
  readonly upperCaseTypes: boolean;
  readonly shortTypes: boolean;
  readonly writesPublic: boolean;
}

function readHabits(tree: SchemaTree): Habits {
  let [lower, upper, lowerTypes, upperTypes, long, short] = [0, 0, 0, 0, 0, 0];
  let writesPublic = false;
  for (const { statement, node, file, start, end } of tree.sentences) {
    const first = statement.text.slice(0, statement.firstWord?.length ?? 0);
    if (first === first.toLowerCase()) lower++;
    else upper++;
    const relation =
      inside(node, "CreateStmt")?.relation ?? inside(node, "ViewStmt")?.view ?? inside(node, "IndexStmt")?.relation;
    if (relation?.schemaname === "public") writesPublic = true;
    for (const element of inside(node, "CreateStmt")?.tableElts ?? []) {
      const at = inside(element, "ColumnDef")?.typeName?.location;
      if (at === undefined) continue;
      const from = start + offsetOfByte(statement.text, at);
      const words = tree.text(file).slice(from, Math.min(end, from + 40));
      const word = /^\w+/.exec(words)?.[0] ?? "";
      if (word === word.toUpperCase()) upperTypes++;
      else lowerTypes++;
      if (/^(timestamptz|timestamp\b(?! with)|varchar|timetz|int\b|bool\b|int8|int4)/i.test(words)) short++;
      if (/^(timestamp(\(\d\))? with|character varying|integer|boolean)/i.test(words)) long++;
    }
  }
  return { lowerCase: lower > upper, upperCaseTypes: upperTypes > lowerTypes, shortTypes: short > long, writesPublic };
}

/** Words as PostgreSQL writes its own types out (format_type). */
const BUILT_IN: ReadonlySet<string> = new Set(
  (
    "smallint integer int bigint numeric decimal real double precision text varchar character varying char boolean bool date time " +
    "timestamp timestamptz timetz with without zone interval uuid json jsonb bytea inet cidr macaddr xml money bit point line " +
    "tsvector tsquery int4range int8range numrange tsrange tstzrange daterange serial bigserial smallserial"
  ).split(" "),
);

function shortened(type: string): string {
  return type
    .replace(/\btimestamp(\(\d\))? with time zone\b/i, "timestamptz$1")
    .replace(/\btimestamp(\(\d\))? without time zone\b/i, "timestamp$1")
    .replace(/\bcharacter varying\b/i, "varchar");
}

function mapWords(sql: string, change: (word: string) => string): string {
  let text = "";
  let copied = 0;
  for (const { kind, start, end } of tokensOf(sql)) {
    if (kind !== TokenKind.word) continue;
    text += sql.slice(copied, start) + change(sql.slice(start, end));
    copied = end;
  }
  return text + sql.slice(copied);
}
