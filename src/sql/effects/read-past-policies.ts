import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";

/** A view that reads its tables with its owner's rights, or a copy of rows: the policies of the tables do not hold there. */
export interface ReadPastPolicies {
  /** "VIEW recent_notes" */
  readonly what: string;
  readonly isCopy: boolean;
  /** The table that the copy is in, folded; it may have, or be given, row level security of its own. */
  readonly into?: string;
  /** Whether that table was there before the statement. */
  readonly isFilled?: true;
  /** Whether nobody sees more by it, while what is read from it comes from its tables: what is temporary, and views with `security_invoker`. */
  readonly isHarmless?: true;
  /** The tables that it reads, folded, with a schema where one is written; undefined where the statement does not say. */
  readonly tables: readonly string[] | undefined;
}

/**
 * The view or copy that a statement makes or fills and that policies of its tables do not hold for, or the view that loses its
 * `security_invoker`, or gets another owner. Pure.
 * @param all the statements that it is among, which may prepare the query that it executes
 */
export function readPastPolicies(statement: Statement, all: readonly Statement[] = []): ReadPastPolicies | undefined {
  const { firstWord, words } = statement;
  if (firstWord === "INSERT" || firstWord === "WITH" || firstWord === "MERGE" || firstWord === "UPDATE")
    return ofInsert(statement) ?? ofUpdate(statement) ?? ofSelectInto(statement);
  if (firstWord === "SELECT") return ofSelectInto(statement);
  if (firstWord === "ALTER" && words[1] === "VIEW") {
    if (!/\bsecurity_invoker\b/i.test(statement.text)) return undefined;
    const tokens = statement.tokens();
    const isReset = tokens.includes("RESET");
    if (!isReset && (!tokens.includes("SET") || isInvoker(tokens))) return undefined;
    return { what: `VIEW ${foldedName(namesAltered(tokens)[0] ?? "")}`, isCopy: false, tables: undefined };
  }
  if (firstWord !== "CREATE") return undefined;
  const kind = words.slice(1, 5).find((word) => word === "VIEW" || word === "TABLE");
  if (kind === undefined || !/\bas\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  const as = beginOfQuery(tokens);
  if (as === undefined) return undefined;
  const isMaterialized = words[1] === "MATERIALIZED";
  const isCopy = isMaterialized || kind === "TABLE";
  const isTemporary = words.slice(1, 4).some((word) => /^TEMP(?:ORARY)?$/.test(word));
  const isHarmless = isTemporary || (!isCopy && isInvoker(tokens.slice(0, as)));
  const at = tokens.indexOf(kind) + 1;
  const [name = ""] = namesFrom(tokens, tokens[at] === "IF" ? at + 3 : at);
  const what = `${isMaterialized ? "MATERIALIZED " : ""}${kind} ${foldedName(name)}`;
  const tables = tablesOfQuery(tokens.slice(as + 1), all);
  if (isHarmless) return { what, isCopy, tables, into: foldedName(name), isHarmless };
  return { what, isCopy, tables, ...(kind === "TABLE" ? { into: foldedName(name) } : {}) };
}

/** INSERT INTO notes_new SELECT * FROM notes, WITH old AS (SELECT * FROM notes) INSERT INTO ... */
function ofInsert(statement: Statement): ReadPastPolicies | undefined {
  if (!/\binto\b[^]*\b(?:from|table|using)\b|\bfrom\b[^]*\binto\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  const at = tokens.findIndex((token, index) => token === "INTO" && /^(?:INSERT|MERGE)$/.test(tokens[index - 1] ?? ""));
  const [name] = namesFrom(tokens, at + 1);
  if (at < 0 || name === undefined) return undefined;
  const into = foldedName(name);
  // MERGE INTO t USING notes ON ...
  const merged = tokens[at - 1] === "MERGE" ? namesFrom(tokens, tokens.indexOf("USING", at) + 1).slice(0, 1) : [];
  const tables = [...tablesRead(tokens), ...merged].map(foldedName);
  return { what: `TABLE ${into}`, isCopy: true, into, isFilled: true, tables };
}

/** UPDATE copies SET body = n.body FROM notes n ... */
function ofUpdate(statement: Statement): ReadPastPolicies | undefined {
  if (!/\bupdate\b[^]*\bset\b[^]*\bfrom\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  const at = tokens.indexOf("UPDATE");
  const [name] = namesFrom(tokens, at + 1);
  if (at < 0 || name === undefined) return undefined;
  const into = foldedName(name);
  const tables = tablesRead(tokens.slice(at + 1)).map(foldedName);
  return { what: `TABLE ${into}`, isCopy: true, into, isFilled: true, tables };
}

/** SELECT * INTO notes_new FROM notes, which makes the table. */
function ofSelectInto(statement: Statement): ReadPastPolicies | undefined {
  if (!/\binto\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  let depth = 0;
  const at = tokens.findIndex((token) => {
    depth += token === "(" ? 1 : token === ")" ? -1 : 0;
    return depth === 0 && token === "INTO";
  });
  if (at < 0 || /^(?:INSERT|MERGE)$/.test(tokens[at - 1] ?? "")) return undefined;
  const rest = tokens.slice(at + 1);
  const isHarmless = /^TEMP(?:ORARY)?$/.test(rest[0] ?? "");
  const [name] = namesFrom(
    rest,
    rest.findIndex((token) => !/^(?:UNLOGGED|TABLE|TEMP|TEMPORARY)$/.test(token)),
  );
  if (name === undefined) return undefined;
  const into = foldedName(name);
  const tables = tablesRead(tokens).map(foldedName);
  return { what: `TABLE ${into}`, isCopy: true, into, tables, ...(isHarmless ? { isHarmless } : {}) };
}

/** Where AS stands before a query, and not in a column's or function's definition. */
function beginOfQuery(tokens: readonly string[]): number | undefined {
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (depth === 0 && token === "AS" && /^(?:SELECT|WITH|TABLE|VALUES|EXECUTE|\()$/.test(tokens[at + 1] ?? ""))
      return at;
  }
  return undefined;
}

/** Of EXECUTE, those of what was prepared by that name; undefined where nobody prepared it here. */
function tablesOfQuery(tokens: readonly string[], all: readonly Statement[]): readonly string[] | undefined {
  if (tokens[0] !== "EXECUTE") return tablesRead(tokens).map(foldedName);
  const name = foldedName(tokens[1] ?? "");
  const prepared = all.findLast(
    ({ firstWord, words }) => firstWord === "PREPARE" && foldedName(words[1] ?? "") === name,
  );
  return prepared === undefined ? undefined : tablesRead(prepared.tokens()).map(foldedName);
}

const TRUE = /^'?(?:t|tr|tru|true|on|y|ye|yes|1)'?$/i;

function isInvoker(tokens: readonly string[]): boolean {
  const at = tokens.indexOf("SECURITY_INVOKER");
  if (at < 0) return false;
  return tokens[at + 1] === "=" ? TRUE.test(tokens[at + 2] ?? "") : true;
}

/** Words in front of a table in a query; a comma is one within FROM. */
const BEFORE_TABLE = /^(?:FROM|JOIN|TABLE|ONLY|LATERAL|\(|,)$/;
const ENDS_FROM = /^(?:SELECT|WHERE|GROUP|HAVING|ORDER|LIMIT|OFFSET|FETCH|WINDOW|UNION|EXCEPT|INTERSECT|ON|USING)$/;

function tablesRead(tokens: readonly string[]): string[] {
  const names: string[] = [];
  let isFrom = false;
  for (const [at, token] of tokens.entries()) {
    if (token === "FROM" || token === "JOIN" || token === "TABLE") isFrom = true;
    else if (ENDS_FROM.test(token)) isFrom = false;
    else if (isFrom && BEFORE_TABLE.test(tokens[at - 1] ?? "")) names.push(...namesFrom(tokens, at).slice(0, 1));
  }
  return names;
}
