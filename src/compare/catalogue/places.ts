import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { locate } from "#sql/position.ts";
import type { Change } from "./changes.ts";
import type { TakenAway } from "./taken-away.ts";

/** A text that may say something about an object: a schema file or a migration. */
export interface SourceText {
  /** As shown to the user. */
  readonly file: string;
  readonly text: string;
  /** What strings of a program hold, of which its statements are put together. */
  readonly isCode?: boolean;
}

/** Where a file speaks of an object. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * The place to go to for a changed object: where its own name last follows that of what it belongs to, otherwise
 * where what it belongs to is first named. A guess by names, for people; undefined when no text names either.
 */
export function findPlace({ path }: Pick<Change, "path">, sources: readonly SourceText[]): Place | undefined {
  // The schema is seldom written out.
  const names = path.length > 1 ? path.slice(1) : path;
  for (const source of sources.toReversed()) {
    const offset = findNames(source.text, names).at(-1);
    if (offset !== undefined) return placeAt(source, offset);
  }
  for (const source of names.length > 1 ? sources : []) {
    const offset = findNames(source.text, names.slice(0, 1)).at(0);
    if (offset !== undefined) return placeAt(source, offset);
  }
  return undefined;
}

/**
 * The statement that made an object, or a property of one; where none of them does by its text, the last place in a program that
 * names it. A guess like `findPlace`, which is asked where there is none.
 */
export function findMaker(taken: Taken, sources: readonly SourceText[]): Place | undefined {
  return statementThatMade(taken, sources) ?? findPlace({ path: taken.path.slice(-1) }, sources.filter(isCode));
}

/** The last statement that takes an object away, by its text. A guess like `findPlace`. */
export function findTaker({ kind, path }: Taken, sources: readonly SourceText[]): Place | undefined {
  const names = path.length > 1 ? path.slice(1) : path;
  const own = names.slice(-1);
  const isPart = kind === "column" || kind === "constraint";
  const wanted = isPart ? [...names.slice(0, 1), "drop", ...own] : own;
  const begins = isPart ? OF_TABLE : new RegExp(`^drop ${WORDS[kind] ?? kind} `);
  for (const source of sources.toReversed()) {
    // Few migrations take anything away; each of the others would be read once for each object.
    if (!/\bdrop\b/i.test(source.text)) continue;
    const offset = findNames(source.text, wanted, { begins }).at(-1);
    if (offset !== undefined) return placeAt(source, offset);
  }
  return undefined;
}

/** The first statement that writes rows of a table, by its text. A guess like `findPlace`. */
export function findRows(table: string, sources: readonly SourceText[]): Place | undefined {
  for (const source of sources) {
    const [offset] = findNames(source.text, [table], { begins: /^(?:insert into|copy) /, isSubject: true });
    if (offset !== undefined) return placeAt(source, offset);
  }
  return undefined;
}

type Taken = Pick<TakenAway, "kind"> & Pick<Change, "path">;

function isCode(source: SourceText): boolean {
  return source.isCode === true;
}

/**
 * The statement that made an object, or a property of one: the last that begins like one that makes its kind, and names it; of
 * a column the first.
 */
function statementThatMade({ kind, path }: Taken, sources: readonly SourceText[]): Place | undefined {
  const [schema = "", ...rest] = path;
  const names = path.length === 1 ? [schema] : rest;
  const own = names.slice(-1);
  const made = (wanted: readonly string[], begins: RegExp, isSubject = false): Place | undefined => {
    const places = sources.flatMap((source) => {
      return findNames(source.text, wanted, { begins, isSubject }).map((offset) => placeAt(source, offset));
    });
    return kind === "column" ? places[0] : places.at(-1);
  };
  const created = (wanted: readonly string[]): Place | undefined =>
    made(wanted, new RegExp(`^create (?:or replace )?(?:\\w+ )?${WORDS[kind] ?? kind} `), true);
  switch (kind) {
    case "row security":
      return made([...names, "row", "level", "security"], /^alter /);
    case "not null":
      return made([...names, "not", "null"], OF_TABLE);
    case "default":
      return made([...names, "default"], OF_TABLE);
    case "column":
      return made(names, OF_TABLE);
    case "constraint":
      return made(names, OF_TABLE) ?? unnamed(names, sources);
    case "policy":
    case "trigger":
    case "rule":
    case "index":
      return created(own);
    default:
      if (kind.startsWith("grants on ")) return made(names, /^grant /);
      if (kind.startsWith("comment on ")) return made(names, /^comment /);
      return created(names);
  }
}

/** Where SQL has another word than PostgreSQL's description. */
const WORDS: Readonly<Record<string, string>> = { "statistics object": "statistics" };

/** By the ends of the names that PostgreSQL gives (ChooseIndexName, ChooseConstraintName): what makes such a constraint. */
const UNNAMED: Readonly<Record<string, string>> = {
  pkey: "primary",
  key: "unique",
  check: "check",
  fkey: "references",
};

/** Where a constraint is made without its name, which then tells its column: `email text UNIQUE`. */
function unnamed([table = "", name = ""]: readonly string[], sources: readonly SourceText[]): Place | undefined {
  const end = name.slice(name.lastIndexOf("_") + 1);
  const word = UNNAMED[end];
  if (word === undefined || !name.startsWith(`${table}_`)) return undefined;
  const column = name.slice(table.length + 1, -end.length - 1);
  const ways =
    end === "pkey"
      ? [[table, word]]
      : [
          [table, column, word],
          [table, word, column],
        ];
  for (const wanted of ways) {
    for (const source of sources) {
      const [offset] = findNames(source.text, wanted, { begins: OF_TABLE });
      if (offset !== undefined) return placeAt(source, offset);
    }
  }
  return undefined;
}

const OF_TABLE = /^(?:create|alter) (?:\w+ )?table /;

function placeAt({ file, text }: SourceText, offset: number): Place {
  return { file, line: locate(text, offset).line };
}

interface Which {
  /** What the first words of the statement have to be, each with a space behind it. */
  readonly begins?: RegExp;
  /** Whether the first name has to be the one that the statement is about: in `CREATE TABLE a (b_id int REFERENCES b)` a. */
  readonly isSubject?: boolean;
}

/** Offsets of the last name wherever all of them follow each other within one statement. */
function findNames(text: string, names: readonly string[], { begins, isSubject }: Which = {}): number[] {
  const lexer = new Lexer(text);
  const found: number[] = [];
  let matched = 0;
  let words: string[] = [];
  let subject: string | undefined;
  while (lexer.next()) {
    const token = text.slice(lexer.start, lexer.end);
    if (lexer.kind === TokenKind.semicolon) {
      [matched, words, subject] = [0, [], undefined];
      continue;
    }
    const isWord = lexer.kind === TokenKind.word;
    if (!isWord && lexer.kind !== TokenKind.quotedIdentifier) continue;
    const isBegun = begins?.test(`${words.join(" ")} `) !== false;
    if (isWord && words.length < HEAD) words.push(token.toLowerCase());
    if (!isBegun && matched === names.length - 1) continue;
    const isPassed = !isBegun || (isWord && NO_NAME.test(token)) || text[lexer.end] === ".";
    const isFirst = subject === undefined && !isPassed;
    if (isFirst) subject = token;
    if (writtenName(token) !== names[matched] || (isSubject === true && matched === 0 && !isFirst)) continue;
    matched++;
    if (matched < names.length) continue;
    found.push(lexer.start);
    matched = names.length - 1;
  }
  return found;
}

/** What may stand between the words of a CREATE and the name. */
const NO_NAME = /^(?:if|not|exists|concurrently)$/i;

/** How many words tell what a statement does: "create or replace function". */
const HEAD = 5;
