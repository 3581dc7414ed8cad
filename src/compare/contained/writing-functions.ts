import type { LoadedMigration } from "#migrate/files/body.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { isWord, type Token, tokensOf } from "#sql/lexer/tokens.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/** What writes rows besides those that a statement names. Names are without schemas, in small letters. */
export interface WritingCode {
  /** Functions that may write rows. */
  readonly writing: ReadonlySet<string>;
  /** Tables and views where a new row may change rows elsewhere: by a trigger, a rule, or a function that is called for it. */
  readonly reacting: ReadonlySet<string>;
  /** Domains whose values call such a function. */
  readonly domains: ReadonlySet<string>;
  /** Views whose query calls such a function. */
  readonly views: ReadonlySet<string>;
}

export const NO_CODE: WritingCode = { writing: new Set(), reacting: new Set(), domains: new Set(), views: new Set() };

/**
 * Pure.
 * @param migrations whose functions may be gone by now
 */
export function writingCode(catalogue: Catalogue, migrations: readonly LoadedMigration[]): WritingCode {
  const writing = writingFunctions(catalogue, migrations);
  const facts = catalogue.facts.facts();
  const reacting = new Set<string>();
  const domains = new Set<string>();
  const views = new Set<string>();
  const isDomain = new Set(facts.flatMap(({ id }) => (id.kind === "domain" ? [`${id.schema}.${id.name}`] : [])));
  const calls = (text: unknown): text is string => typeof text === "string" && callsOne(text, writing);
  const isOfDomain = (type: unknown): boolean => typeof type === "string" && domains.has(plainType(type));
  for (let size = -1; size < domains.size + reacting.size + views.size;) {
    size = domains.size + reacting.size + views.size;
    for (const { id, payload } of facts) {
      switch (id.kind) {
        case "trigger":
        case "rule":
          reacting.add(id.table.toLowerCase());
          break;
        case "view":
          if (calls(payload["def"]) || namesOne(payload["def"], views)) views.add(id.name.toLowerCase());
          break;
        case "domain":
          if (calls(payload["default"]) || isOfDomain(payload["baseType"])) domains.add(id.name.toLowerCase());
          break;
        case "default":
          if (calls(payload["expr"])) reacting.add(id.table.toLowerCase());
          break;
        case "column":
          if (calls(payload["generatedExpr"]) || isOfDomain(payload["type"])) reacting.add(id.table.toLowerCase());
          break;
        case "constraint":
          if (calls(payload["def"]))
            (isDomain.has(`${id.schema}.${id.table}`) ? domains : reacting).add(id.table.toLowerCase());
          break;
        case "index":
          if (calls(payload["def"])) reacting.add(tableOfIndex(payload["def"]));
          break;
        default:
      }
    }
  }
  return { writing, reacting, domains, views };
}

/** From what PostgreSQL gives as its definition. */
function tableOfIndex(definition: string): string {
  return plainType(/ ON (?:ONLY )?(.+?) USING /.exec(definition)?.[1] ?? "");
}

/** The name alone, of `public."Odd"[]`. */
function plainType(name: string): string {
  return name
    .replace(/(?:\[\])+$/, "")
    .replace(/^.*\./, "")
    .replaceAll('"', "")
    .toLowerCase();
}

/**
 * The names of functions that may write rows: their bodies say so, or call one whose body does. What is IMMUTABLE or STABLE may do so
 * through another function alone. Pure.
 */
function writingFunctions({ facts }: Catalogue, migrations: readonly LoadedMigration[]): ReadonlySet<string> {
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
  const writing = new Set<string>();
  for (let size = -1; size < writing.size;) {
    size = writing.size;
    for (const { name, definition } of [...own, ...made]) {
      const writes = WRITES.test(definition) && !KEEPS_ROWS.test(definition);
      if (writes || callsOne(definition, writing)) writing.add(name.toLowerCase());
    }
  }
  return writing;
}

/**
 * Whether a migration makes a trigger or rule that may write rows, for its own statements: what these do is not seen where that is gone
 * again. Pure.
 */
export function reactsToItself({ up }: LoadedMigration, { writing, reacting }: WritingCode): boolean {
  if (up.kind !== "sql") return false;
  const { statements } = up.script;
  return statements.some(({ text }, at) => {
    const [, kind = "", on = ""] = REACTS.exec(text) ?? [];
    if (kind === "" || reacting.has(plainType(on))) return false;
    const writes = kind.toLowerCase() === "rule" ? WRITES_INSTEAD.test(text) : callsOne(text, writing);
    const isEvent = kind.toLowerCase().startsWith("event");
    return writes && statements.slice(at + 1).some(({ text: later }) => isEvent || WRITES.test(later));
  });
}

const REACTS =
  /^create\s+(?:or\s+replace\s+)?(?:constraint\s+)?(trigger|rule|event\s+trigger)\b[^]*?\b(?:on|to)\s+([\w.$"]+)/i;
const WRITES_INSTEAD = /\bdo\b[^]*\b(?:insert|update|delete)\b/i;

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

/** Whether a text has one of these names, in small letters. Pure. */
export function namesOne(text: unknown, names: ReadonlySet<string>): boolean {
  if (names.size === 0 || typeof text !== "string") return false;
  const lower = text.toLowerCase();
  return names.values().some((name) => lower.includes(name));
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

/**
 * Whether a new column, constraint, type or index calls what may write rows, for rows that are there. Where it is there already, nothing shows
 * what it did. Pure.
 */
export function checksRows(text: string, { writing, domains }: Pick<WritingCode, "writing" | "domains">): boolean {
  if (writing.size === 0 || !CHECKS_ROWS.test(text)) return false;
  return (
    callsOne(text, writing) ||
    (domains.size > 0 && tokensOf(text).some(({ text: word }) => domains.has(plainType(word))))
  );
}

const CHECKS_ROWS = /^alter\s+(?:table|domain)\b[^]*?\b(?:add|type|validate)\b|^create\s+(?:unique\s+)?index\b/i;

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
