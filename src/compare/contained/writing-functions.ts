import type { LoadedMigration } from "#migrate/files/body.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { isWord, type Token, tokensOf } from "#sql/lexer/tokens.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/**
 * The names of functions that may write rows, without their schemas, in small letters: their bodies say so, or call one whose body does.
 * What is IMMUTABLE or STABLE may not. Pure.
 * @param migrations whose functions may be gone by now
 */
export function writingFunctions({ facts }: Catalogue, migrations: readonly LoadedMigration[]): ReadonlySet<string> {
  const own = facts.facts().flatMap(({ id, payload }) => {
    const definition = payload["def"];
    return id.kind === "function" && typeof definition === "string" ? [{ name: id.name, definition }] : [];
  });
  const made = migrations.flatMap(({ up }) =>
    (up.kind === "sql" ? up.script.statements : []).flatMap(({ text }) => {
      const [, name] = MADE.exec(text) ?? [];
      return name === undefined ? [] : [{ name: name.replaceAll('"', ""), definition: text }];
    }),
  );
  const volatile = [...own, ...made].filter(({ definition }) => !KEEPS_ROWS.test(definition));
  const writing = new Set<string>();
  for (let size = -1; size < writing.size;) {
    size = writing.size;
    for (const { name, definition } of volatile)
      if (WRITES.test(definition) || callsOne(definition, writing)) writing.add(name.toLowerCase());
  }
  return writing;
}

const MADE = /^create\s+(?:or\s+replace\s+)?function\s+(?:[\w$]+\s*\.\s*|"[^"]+"\s*\.\s*)?([\w$]+|"[^"]+")/i;
/** In front of the body, or behind it. */
const KEEPS_ROWS = /^[^$']*\b(?:immutable|stable)\b|\b(?:immutable|stable)\b[^$']*$/i;
const WRITES = /\b(?:update|delete|merge|truncate|insert|call|execute|copy)\b/i;

/** Whether a text calls one of these functions. Pure. */
export function callsOne(text: string, functions: ReadonlySet<string>): boolean {
  if (functions.size === 0) return false;
  return text
    .matchAll(/([\w$]+|"[^"]+")\s*\(/g)
    .some(([, name = ""]) => functions.has(name.replaceAll('"', "").toLowerCase()));
}

/**
 * What adding columns runs on each row that is there, where that may write rows: a query that does the same. The columns themselves may be
 * there already. Pure.
 */
export function runsOnRows(text: string, functions: ReadonlySet<string>): string | undefined {
  if (functions.size === 0 || !/^alter\s+table\b/i.test(text)) return undefined;
  const tokens = tokensOf(text);
  const add = tokens.findIndex((token) => token.depth === 0 && isWord(token, "ADD"));
  let name = 2;
  if (isWord(tokens[name], "IF")) name += 2;
  if (add <= name) return undefined;
  const calls = defaultsIn(text, tokens.slice(add)).filter((value) => callsOne(value, functions));
  return calls.length === 0
    ? undefined
    : `select ${calls.join(", ")} from ${text.slice(tokens[name]!.start, tokens[add]!.start)}`;
}

/** What stands behind each DEFAULT. */
function defaultsIn(text: string, tokens: readonly Token[]): string[] {
  return tokens.flatMap((token, at) => {
    const first = tokens[at + 1];
    // A new default of a column that is there runs for no row.
    if (first === undefined || token.depth !== 0 || !isWord(token, "DEFAULT") || isWord(tokens[at - 1], "SET"))
      return [];
    const end = tokens.findIndex(
      ({ kind, depth, text: word }, index) =>
        index > at + 1 && depth === 0 && (word === "," || (kind === TokenKind.word && ENDS.has(word.toUpperCase()))),
    );
    return [text.slice(first.start, (end < 0 ? tokens.at(-1)! : tokens[end - 1]!).end)];
  });
}

/** What may follow a default, and stands in none outside of parentheses. */
const ENDS: ReadonlySet<string> = new Set([
  "CHECK",
  "COLLATE",
  "CONSTRAINT",
  "DEFERRABLE",
  "GENERATED",
  "INITIALLY",
  "NOT",
  "NULL",
  "PRIMARY",
  "REFERENCES",
  "UNIQUE",
]);
