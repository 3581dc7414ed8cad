import { NEWER_FUNCTIONS, NEWER_RELATIONS, NEWER_SETTINGS } from "./newer-names.ts";
import { NEWER_SYNTAX, type NewerSyntax } from "./newer-syntax.ts";
import { Statement } from "./statement.ts";
import { writtenName } from "./lexer/token-names.ts";

/** What a statement says that PostgreSQL only knows from a major version on. */
export interface Need {
  readonly major: number;
  /** "NOT NULL as a constraint of a table" */
  readonly what: string;
  /** The function that it calls: somebody's own of that name is another one. */
  readonly function?: string;
}

/**
 * What a statement needs a newer PostgreSQL for than the oldest supported one, by its text, the newest first: forms of statements
 * (newer-syntax.ts), and functions, settings and system views by their names (newer-names.ts). The bodies of DO blocks and of functions
 * in SQL are read as well. Not told by a text: functions that only take other types than before, columns of system views, statements
 * that code puts together. Pure.
 */
export function needsOf(statement: Statement): Need[] {
  // Most statements have none of these words, and some are megabytes long.
  if (!HINT.test(statement.text)) return [];
  return needsIn(statement.tokens()).toSorted((a, b) => b.major - a.major);
}

function needsIn(tokens: readonly string[]): Need[] {
  const bodies = isRun(tokens) ? tokens.flatMap(bodyOf) : [];
  return [
    ...syntaxIn(tokens),
    ...functionsIn(tokens),
    ...settingsIn(tokens),
    ...relationsIn(tokens),
    ...bodies.flatMap((body) => needsIn(Statement.of(body).tokens())),
  ];
}

const WORDS = [
  ...NEWER_SYNTAX.map(({ form }) => longest(form)),
  "GENERATED",
  "NOT\\s+NULL",
  "STORAGE",
  "JSON_OBJECT",
  "PERIOD",
  "RETURNING",
];

const HINT = new RegExp(
  String.raw`\b(?:${[
    ...new Set([
      ...WORDS,
      ...[...NEWER_FUNCTIONS.keys()].map((key) => key.replace(/\/.*/, "")),
      ...NEWER_SETTINGS.keys(),
      ...NEWER_RELATIONS.keys(),
    ]),
  ].join("|")})\b|\b0[xob]|\d_\d`,
  "i",
);

function longest(form: string): string {
  return form
    .split(" ")
    .filter((word) => /^\w+$/.test(word))
    .toSorted((a, b) => b.length - a.length)[0]!;
}

function syntaxIn(tokens: readonly string[]): Need[] {
  const needs: Need[] = NEWER_SYNTAX.filter((syntax) => isForm(tokens, syntax)).map(({ major, what }) => ({
    major,
    what,
  }));
  const [first = ""] = tokens;
  if ((first === "ALTER" || first === "CREATE") && tokens.includes("TABLE")) {
    if (addsNotNull(tokens)) needs.push({ major: 18, what: "NOT NULL as a constraint of a table" });
    if (isVirtualUnsaid(tokens)) needs.push({ major: 18, what: "generated columns that are not STORED" });
    if (hasPeriodKey(tokens)) needs.push({ major: 18, what: "foreign keys with PERIOD" });
    if (first === "CREATE" && setsStorage(tokens)) needs.push({ major: 16, what: "CREATE TABLE with STORAGE" });
  }
  if (/^(?:INSERT|UPDATE|DELETE|MERGE|WITH)$/.test(first) && returnsOldOrNew(tokens)) {
    needs.push({ major: 18, what: "RETURNING with OLD and NEW" });
  }
  if (tokens.some((_token, at) => isObjectConstructor(tokens, at))) {
    needs.push({ major: 16, what: "JSON_OBJECT with keys and values" });
  }
  if (tokens.some((token) => /^(?:0[xob][\da-f_]+|\d[\d_]*_\d[\d_]*)$/i.test(token))) {
    needs.push({ major: 16, what: "numbers such as 0xFF and 1_000" });
  }
  return needs;
}

function isForm(tokens: readonly string[], { form, begins, has }: NewerSyntax): boolean {
  if (begins?.split(" ").includes(tokens[0] ?? "") === false) return false;
  if (has !== undefined && !tokens.includes(has)) return false;
  let from = 0;
  return form.split(" ... ").every((part) => {
    const words = part.split(" ");
    const at = indexOfWords(tokens, words, from);
    from = at + words.length;
    return at >= 0;
  });
}

/** Where words follow each other. There may be a million tokens: a function called for each would leave hundreds of megabytes behind. */
function indexOfWords(tokens: readonly string[], [first = "", ...rest]: readonly string[], from: number): number {
  for (let at = tokens.indexOf(first, from); at >= 0; at = tokens.indexOf(first, at + 1)) {
    if (rest.every((word, n) => tokens[at + 1 + n] === word)) return at;
  }
  return -1;
}

function functionsIn(tokens: readonly string[]): Need[] {
  return tokens.flatMap((token, at): Need[] => {
    if (tokens[at + 1] !== "(" || !NAME.test(token)) return [];
    const name = writtenName(token);
    const before = tokens[at - 1] ?? "";
    if (before === "." && writtenName(tokens[at - 2] ?? "") !== "pg_catalog") return [];
    // A definition, or columns of a table.
    if (NO_CALL.test(before)) return [];
    const major = NEWER_FUNCTIONS.get(name) ?? NEWER_FUNCTIONS.get(`${name}/${argumentsFrom(tokens, at + 1)}`);
    if (major === undefined) return [];
    const own = before === "." ? {} : { function: name };
    return [{ major, what: NEWER_FUNCTIONS.has(name) ? `${name}()` : `${name}() with these arguments`, ...own }];
  });
}

/** What a name begins with; strings are no names. */
const NAME = /^["\w]/;

const NO_CALL = /^(?:FUNCTION|PROCEDURE|AGGREGATE|ROUTINE|TABLE|EXISTS|INTO|REFERENCES|ON|VIEW|TYPE|AS|COPY)$/;

/** How many arguments stand in parentheses. */
function argumentsFrom(tokens: readonly string[], open: number): number {
  if (tokens[open + 1] === ")") return 0;
  let depth = 0;
  let commas = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === "(" || token === "[") depth++;
    else if ((token === ")" || token === "]") && --depth === 0) break;
    else if (token === "," && depth === 1) commas++;
  }
  return commas + 1;
}

/** SET name, and SET behind ALTER of a database, role, function or the system. */
function settingsIn(tokens: readonly string[]): Need[] {
  const [first = "", second = ""] = tokens;
  const isAltered = first === "ALTER" && /^(?:DATABASE|ROLE|USER|SYSTEM|FUNCTION|PROCEDURE)$/.test(second);
  if (first !== "SET" && !isAltered) return [];
  const set = tokens.indexOf("SET");
  const at = /^(?:LOCAL|SESSION)$/.test(tokens[set + 1] ?? "") ? set + 2 : set + 1;
  const name = writtenName(tokens[at] ?? "");
  const major = NEWER_SETTINGS.get(name);
  return set < 0 || major === undefined ? [] : [{ major, what: `the setting ${name}` }];
}

function relationsIn(tokens: readonly string[]): Need[] {
  return tokens.flatMap((token, at): Need[] => {
    if (tokens[at + 1] === "(" || !NAME.test(token)) return [];
    const major = NEWER_RELATIONS.get(writtenName(token));
    return major === undefined ? [] : [{ major, what: writtenName(token) }];
  });
}

/** Whether strings in it are code that runs, or is read, at once. */
function isRun(tokens: readonly string[]): boolean {
  if (tokens[0] === "DO") return true;
  const language = tokens.indexOf("LANGUAGE");
  return tokens[0] === "CREATE" && language > 0 && /^(?:SQL|'SQL')$/i.test(tokens[language + 1] ?? "");
}

function bodyOf(token: string): string[] {
  const [, tag] = /^(\$[^$]*\$)/.exec(token) ?? [];
  if (tag !== undefined) return [token.slice(tag.length, -tag.length)];
  return token.startsWith("'") && token.length > 20 ? [token.slice(1, -1).replaceAll("''", "'")] : [];
}

/** ADD [CONSTRAINT name] NOT NULL column: not that of a column that is added. */
function addsNotNull(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => {
    if (token !== "ADD" && token !== "," && token !== "(") return false;
    const from = tokens[at + 1] === "CONSTRAINT" ? at + 3 : at + 1;
    return tokens[from] === "NOT" && tokens[from + 1] === "NULL";
  });
}

/** GENERATED ALWAYS AS (...) without STORED or VIRTUAL. */
function isVirtualUnsaid(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => {
    if (token !== "ALWAYS" || tokens[at + 1] !== "AS" || tokens[at + 2] !== "(") return false;
    let depth = 0;
    for (let index = at + 2; index < tokens.length; index++) {
      if (tokens[index] === "(") depth++;
      else if (tokens[index] === ")" && --depth === 0) return !/^(?:STORED|VIRTUAL)$/.test(tokens[index + 1] ?? "");
    }
    return false;
  });
}

/** FOREIGN KEY (id, PERIOD valid) */
function hasPeriodKey(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => {
    if (token !== "FOREIGN" || tokens[at + 1] !== "KEY") return false;
    const columns = tokens.slice(at + 3, tokens.indexOf(")", at));
    return columns.some((word, n) => word === "PERIOD" && columns[n - 1] === "," && n + 1 < columns.length);
  });
}

/** RETURNING old.id, unless the statement itself calls something so. */
function returnsOldOrNew(tokens: readonly string[]): boolean {
  const returning = tokens.indexOf("RETURNING");
  if (returning < 0) return false;
  return tokens.some((token, at) => {
    if (at < returning || (token !== "OLD" && token !== "NEW") || tokens[at + 1] !== ".") return false;
    return !tokens.some(
      (other, n) =>
        other === token &&
        (tokens[n + 1] === "AS" || /^(?:FROM|JOIN|USING|AS|INTO|UPDATE|WITH|,)$/.test(tokens[n - 1] ?? "")) &&
        tokens[n + 1] !== ".",
    );
  });
}

/** Of a column; LIKE ... INCLUDING STORAGE is older. */
function setsStorage(tokens: readonly string[]): boolean {
  return tokens.some(
    (token, at) =>
      token === "STORAGE" &&
      /^(?:PLAIN|EXTERNAL|EXTENDED|MAIN|DEFAULT)$/.test(tokens[at + 1] ?? "") &&
      !/^(?:INCLUDING|EXCLUDING)$/.test(tokens[at - 1] ?? ""),
  );
}

/** JSON_OBJECT('a': 1), JSON_OBJECT(KEY 'a' VALUE 1) and JSON_OBJECT(): the function of that name takes arrays of text. */
function isObjectConstructor(tokens: readonly string[], at: number): boolean {
  if (tokens[at] !== "JSON_OBJECT" || tokens[at + 1] !== "(") return false;
  if (tokens[at + 2] === ")") return true;
  let depth = 0;
  for (let index = at + 1; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === "(" || token === "[") depth++;
    else if ((token === ")" || token === "]") && --depth === 0) return false;
    else if (depth === 1 && (token === ":" || token === "VALUE" || token === "ABSENT")) return true;
  }
  return false;
}
