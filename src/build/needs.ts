import { placeIn, type Script } from "#database/script.ts";
import { Statement } from "#sql/statement.ts";

/** A name as a statement writes it, folded as PostgreSQL does. */
export interface Name {
  readonly schema: string | undefined;
  readonly name: string;
}

/** An object that a file makes. */
export interface Made extends Name {
  /** In PostgreSQL's words: "TABLE", "SCHEMA". */
  readonly kind: string;
  readonly line: number;
}

/** A name that a file mentions. */
export interface Mention extends Name {
  readonly line: number;
  /**
   * What the place where it stands says: that it is a relation, which has to be there; a function; a schema. Any other word
   * may as well be a column.
   */
  readonly place: "relation" | "call" | "schema" | "any";
  /** In the body of a function that is a string, which PostgreSQL looks through only where check_function_bodies is on. */
  readonly isInString: boolean;
}

/** What a schema file makes, and what it may need, told from its words. */
export interface Needs {
  readonly file: string;
  readonly makes: readonly Made[];
  /** Tables to which it adds columns or keys, which whatever else mentions them may rely on. */
  readonly completes: readonly Name[];
  readonly mentions: readonly Mention[];
  /** Tables into which it writes rows. */
  readonly fills: readonly Name[];
  /** Foreign keys: rows of the first need rows of the second. */
  readonly references: readonly (readonly [from: Name, to: Name])[];
  /** It makes extensions, or settings of the session, on which names may rest that nobody can tell. */
  readonly comesFirst: boolean;
}

const KINDS: ReadonlySet<string> = new Set([
  "TABLE", "VIEW", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "SEQUENCE", "SCHEMA", "EXTENSION",
  "COLLATION", "ROLE", "LANGUAGE", "SERVER", "WRAPPER", "PUBLICATION", "DICTIONARY", "CONFIGURATION", "USER",
]); // prettier-ignore

/** Words after which the name of a relation comes. */
const BEFORE_RELATION: ReadonlySet<string> = new Set([
  "REFERENCES", "FROM", "JOIN", "INTO", "UPDATE", "ON", "TABLE", "ONLY", "OF", "LIKE", "COPY", "TRUNCATE", "EXISTS",
]); // prettier-ignore

/** Of a statement with megabytes of rows, the beginning tells. */
const TOKENS = 20_000;

/** Reads what the scripts of a file make and mention. Pure. */
export function needsOf(file: string, scripts: readonly Script[]): Needs {
  const needs = {
    file,
    makes: [] as Made[],
    completes: [] as Name[],
    mentions: [] as Mention[],
    fills: [] as Name[],
    references: [] as (readonly [Name, Name])[],
    comesFirst: false,
  };
  for (const script of scripts) {
    for (const statement of script.statements) {
      const { line = 1 } = placeIn(script, statement.start);
      const tokens = statement.tokens(TOKENS);
      const made = madeBy(tokens);
      if (made !== undefined) needs.makes.push({ ...made, line });
      needs.comesFirst ||= made?.kind === "EXTENSION" || tokens[0] === "SET";
      const table = tableOf(tokens);
      if (table !== undefined && completes(tokens)) needs.completes.push(table);
      const filled = filledBy(tokens);
      if (filled !== undefined) needs.fills.push(filled);
      const from = made?.kind === "TABLE" ? made : table;
      for (const mention of mentionsIn(tokens)) {
        needs.mentions.push({ ...mention, line: lineOf(script, statement, mention, line) });
        if (mention.after === "REFERENCES" && !mention.isInString && from !== undefined)
          needs.references.push([from, mention]);
      }
    }
  }
  return needs;
}

/** `CREATE [anything] KIND [IF NOT EXISTS] name`. */
function madeBy(tokens: readonly string[]): Omit<Made, "line"> | undefined {
  if (tokens[0] !== "CREATE") return undefined;
  let at = tokens.findIndex((token, index) => index < 8 && KINDS.has(token));
  const kind = tokens[at];
  if (kind === undefined) return undefined;
  at++;
  if (tokens[at] === "IF") at += 3;
  const name = nameAt(tokens, at);
  return name === undefined ? undefined : { ...name.name, kind };
}

/** The table of ALTER TABLE or CREATE INDEX. */
function tableOf(tokens: readonly string[]): Name | undefined {
  const at =
    tokens[0] === "ALTER" && tokens[1] === "TABLE"
      ? skip(tokens, 2, ["IF", "EXISTS", "ONLY"])
      : tokens[0] === "CREATE" && tokens.slice(1, 3).includes("INDEX")
        ? skip(tokens, tokens.indexOf("ON") + 1, ["ONLY"])
        : 0;
  return at === 0 ? undefined : nameAt(tokens, at)?.name;
}

function completes(tokens: readonly string[]): boolean {
  if (tokens[0] === "CREATE") return tokens[1] === "UNIQUE";
  return tokens.some((token, at) => token === "ADD" && tokens[at + 1] !== "FOREIGN");
}

function filledBy(tokens: readonly string[]): Name | undefined {
  if (tokens[0] === "INSERT" && tokens[1] === "INTO") return nameAt(tokens, 2)?.name;
  return tokens[0] === "COPY" ? nameAt(tokens, 1)?.name : undefined;
}

function skip(tokens: readonly string[], from: number, words: readonly string[]): number {
  let at = from;
  while (words.includes(tokens[at] ?? "")) at++;
  return at;
}

interface Found extends Omit<Mention, "line"> {
  readonly after: string | undefined;
}

/** Every name of a statement, also those of sequences and relations in strings, and in the body of a SQL function. */
function mentionsIn(tokens: readonly string[]): Found[] {
  const found: Found[] = [];
  const isSql = tokens.some((token, at) => token === "LANGUAGE" && /^'?sql'?$/i.test(tokens[at + 1] ?? ""));
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at] ?? "";
    const after = tokens[at - 1];
    const text = textOf(token);
    if (text !== undefined) {
      if (isSql && after === "AS" && tokens[0] === "CREATE") {
        const inBody = mentionsIn(Statement.of(text).tokens(TOKENS));
        found.push(...inBody.map((mention) => ({ ...mention, isInString: true })));
      } else if (namesRelation(tokens, at)) {
        for (const name of namesInText(text))
          found.push({ ...name, place: "any", isInString: false, after: undefined });
      }
      at++;
      continue;
    }
    const name = nameAt(tokens, at);
    if (name === undefined) {
      at++;
      continue;
    }
    const isRelation = BEFORE_RELATION.has(after ?? "") && (after !== "EXISTS" || tokens[at - 2] === "IF");
    const place = isRelation ? "relation" : after === "SCHEMA" ? "schema" : tokens[name.end] === "(" ? "call" : "any";
    found.push({ ...name.name, place, isInString: false, after });
    if (name.name.schema !== undefined) {
      const schema = { schema: undefined, name: name.name.schema, isInString: false, after: undefined };
      found.push({ ...schema, place: "schema" });
    }
    at = name.end;
  }
  return found;
}

/** The inside of a string. */
function textOf(token: string): string | undefined {
  if (/^(?:[eE]|[uU]&)?'/.test(token)) return token.slice(token.indexOf("'") + 1, -1).replaceAll("''", "'");
  const tag = /^\$\w*\$/.exec(token)?.[0];
  return tag === undefined ? undefined : token.slice(tag.length, -tag.length);
}

const TAKES_RELATION: ReadonlySet<string> = new Set(["NEXTVAL", "SETVAL", "CURRVAL", "TO_REGCLASS"]);

/** `nextval('orders_id_seq')`, `'orders'::regclass` */
function namesRelation(tokens: readonly string[], at: number): boolean {
  if (tokens[at - 1] === "(" && TAKES_RELATION.has(tokens[at - 2] ?? "")) return true;
  return tokens.slice(at + 1, at + 4).some((token) => /^reg(?:class|type|proc\w*)$/i.test(token));
}

function namesInText(text: string): Name[] {
  return [...text.matchAll(/(?:([a-z_]\w*)\.)?([a-z_]\w*)/gi)].map(([, schema, name = ""]) => ({
    schema: schema?.toLowerCase(),
    name: name.toLowerCase(),
  }));
}

/** `[schema.]name` */
function nameAt(tokens: readonly string[], at: number): { readonly name: Name; readonly end: number } | undefined {
  const first = identifier(tokens[at]);
  if (first === undefined) return undefined;
  const second = tokens[at + 1] === "." ? identifier(tokens[at + 2]) : undefined;
  return second === undefined
    ? { name: { schema: undefined, name: first }, end: at + 1 }
    : { name: { schema: first, name: second }, end: at + 3 };
}

function identifier(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"');
  return /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(token) ? token.toLowerCase() : undefined;
}

/** The line of a name in its statement, or that of the statement. */
function lineOf(script: Script, statement: Statement, { name, place }: Found, line: number): number {
  if (place !== "relation" && place !== "call") return line;
  const at = statement.text.search(new RegExp(`(?<![\\w$])${RegExp.escape(name)}(?![\\w$])`, "i"));
  return at < 0 ? line : (placeIn(script, statement.start + at).line ?? line);
}
