import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { writtenName } from "#sql/lexer/token-names.ts";

/** A text that may say something about an object: a schema file or a migration. */
export interface SourceText {
  /** As shown to the user. */
  readonly file: string;
  readonly text: string;
  /** What strings of a program hold, of which its statements are put together. */
  readonly isCode?: boolean;
}

/** A word or a quoted name of a statement. */
interface Word {
  /** As the catalogue has it. */
  readonly name: string;
  readonly offset: number;
  /** Whether a name follows that it qualifies. */
  readonly isQualifier: boolean;
  /** In how many parentheses it stands. */
  readonly depth: number;
  /** Which one of what commas divide: the columns of a CREATE TABLE, or what an ALTER TABLE does. */
  readonly part: number;
  readonly beginsPart: boolean;
}

/** How a statement reads that does something. */
export interface Reading {
  /** What its first words have to be, each with a space behind it. */
  readonly begins: RegExp;
  /** What follows them in this order, with anything in between. */
  readonly names: readonly string[];
  /** Whether the first name has to be the one that the statement is about: in `CREATE TABLE a (b_id int REFERENCES b)` a. */
  readonly isSubject?: boolean;
  /** What has to stand somewhere behind the last name; behind a column in what is said of that. */
  readonly later?: readonly string[];
  /**
   * The last name is that of a column, and no mention of one in a key or a condition: it stands where CREATE TABLE has columns,
   * or behind these words.
   */
  readonly column?: RegExp;
}

interface Statement {
  readonly words: readonly Word[];
  /** Its first words, none of them to `HEAD` of them, each with a space behind it. */
  readonly heads: readonly string[];
}

/** Offsets of the last name wherever a text reads like that. */
export function findReadings(source: SourceText, reading: Reading): number[] {
  return statementsOf(source).flatMap((statement) => offsetsIn(statement, reading));
}

const known = new WeakMap<SourceText, readonly Statement[]>();

/** Read once for all objects that are looked for. */
function statementsOf(source: SourceText): readonly Statement[] {
  const statements = known.get(source) ?? readStatements(source.text);
  known.set(source, statements);
  return statements;
}

function readStatements(text: string): Statement[] {
  const lexer = new Lexer(text);
  const statements: Statement[] = [];
  let words: Word[] = [];
  let [depth, part, beginsPart] = [0, 0, true];
  const end = (): void => {
    if (words.length > 0) statements.push({ words, heads: headsOf(words) });
    words = [];
    [depth, part, beginsPart] = [0, 0, true];
  };
  while (lexer.next()) {
    switch (lexer.kind) {
      case TokenKind.semicolon:
        end();
        break;
      case TokenKind.open:
        depth++;
        if (depth === 1) beginsPart = true;
        break;
      case TokenKind.close:
        depth--;
        break;
      case TokenKind.word:
      case TokenKind.quotedIdentifier:
        words.push({
          name: writtenName(text.slice(lexer.start, lexer.end)),
          offset: lexer.start,
          isQualifier: text[lexer.end] === ".",
          depth,
          part,
          beginsPart,
        });
        beginsPart = false;
        break;
      default:
        // What is in further parentheses is of one column: numeric(10, 2).
        if (text[lexer.start] !== "," || depth > (words[0]?.name === "create" ? 1 : 0)) break;
        part++;
        beginsPart = true;
    }
  }
  end();
  return statements;
}

function headsOf(words: readonly Word[]): string[] {
  return Array.from({ length: Math.min(words.length, HEAD + 1) }, (_, at) => wordsBefore(words, at));
}

function offsetsIn({ words, heads }: Statement, { begins, names, isSubject, later = [], column }: Reading): number[] {
  const begun = heads.findIndex((head) => begins.test(head));
  if (begun < 0) return [];
  const subject = words.findIndex(({ name, isQualifier }, at) => at >= begun && !isQualifier && !NO_NAME.test(name));
  let from = begun;
  if (isSubject === true) {
    if (words[subject]?.name !== names[0]) return [];
    from = subject;
  }
  for (const name of names.slice(0, -1)) {
    const at = words.findIndex((word, index) => index >= from && word.name === name);
    if (at < 0) return [];
    from = at + 1;
  }
  const last = names.at(-1);
  return words.flatMap((word, at) => {
    if (at < from || word.name !== last) return [];
    if (isSubject === true && names.length === 1 && at !== subject) return [];
    if (column !== undefined && !isColumn(words, at, column)) return [];
    let behind = at;
    for (const name of later) {
      behind = words.findIndex((other, index) => {
        return index > behind && other.name === name && (column === undefined || other.part === word.part);
      });
      if (behind < 0) return [];
    }
    return [word.offset];
  });
}

function isColumn(words: readonly Word[], at: number, behind: RegExp): boolean {
  const { beginsPart, depth } = words[at]!;
  if (words[0]?.name === "create") return beginsPart && depth === 1;
  return behind.test(wordsBefore(words.slice(Math.max(at - HEAD, 0)), Math.min(at, HEAD)));
}

function wordsBefore(words: readonly Word[], at: number): string {
  return words
    .slice(0, at)
    .map(({ name }) => `${name} `)
    .join("");
}

/** What may stand between the words of a CREATE and the name. */
const NO_NAME = /^(?:if|not|exists|concurrently|only)$/;

/** How many words tell what a statement does: "create or replace function". */
const HEAD = 5;
