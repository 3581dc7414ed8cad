import { inside, type Node, offsetOfByte, type Parser, strings } from "#sql/parser.ts";
import { quoteIdentifier } from "#sql/quote.ts";

/** Functions whose results go by the moment, by chance, or by the session and its user. */
const MOVING =
  /^(?:now|(?:transaction|statement|clock)_timestamp|timeofday|age|random(?:_normal)?|gen_random_\w+|uuid_generate_\w+|uuidv[47]|current_(?:setting|database|query|schemas?)|txid_current\w*|pg_current_\w+|pg_backend_pid|inet_(?:client|server)_\w+|version|pg_postmaster_start_time)$/;

/** Words that PostgreSQL reads as a moment (datetime.c). */
const MOMENTS: ReadonlySet<string> = new Set(["now", "today", "tomorrow", "yesterday"]);

/** How many ends of an expression are tried: each of them is where one may end, and few stand before the right one. */
const MOST_ENDS = 60;

/** Whether a value goes by the moment, by chance, or by the session and its user. */
export function isMoving(node: Node | undefined): boolean {
  return holds(node, (key, inner) => {
    if (key === "SQLValueFunction") return true;
    if (key === "sval" && typeof inner === "object") return MOMENTS.has(textOf(inner).trim().toLowerCase());
    if (key !== "FuncCall") return false;
    return MOVING.test(strings((inner as { funcname?: Node[] }).funcname).at(-1) ?? "");
  });
}

/** A call without arguments, as it can be written again. */
export function callOf(node: Node | undefined): string | undefined {
  const value = inside(node, "SQLValueFunction");
  if (value?.op !== undefined) {
    const word = value.op.slice("SVFOP_".length);
    return word.endsWith("_N") ? undefined : word;
  }
  const call = inside(node, "FuncCall");
  if (call === undefined || (call.args ?? []).length > 0) return undefined;
  return `${strings(call.funcname)
    .map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name)))
    .join(".")}()`;
}

/**
 * A value that goes by the moment or the user and by no row, as its statement writes it: `CURRENT_DATE + 7`. The tree does not say where an
 * expression ends; the text that reads as the same is it.
 */
export function movingText(node: Node | undefined, statement: string, parser: Parser): string | undefined {
  if (node === undefined || !isMoving(node) || holds(node, (key) => OF_ROWS.has(key))) return undefined;
  const wanted = withoutPlaces(node);
  const first = offsetOfByte(statement, leftmost(node));
  for (const start of startsBefore(statement, first)) {
    let tried = 0;
    for (const { index } of statement.slice(start).matchAll(/[,);]|\s(?=[a-z])|$/gi)) {
      if (++tried > MOST_ENDS) break;
      for (const end of [index, index + 1]) {
        const text = statement.slice(start, start + end).trim();
        const [target] = inside(parser.parse(`SELECT ${text}`), "SelectStmt")?.targetList ?? [];
        const read = inside(target, "ResTarget");
        if (read !== undefined && read.name === undefined && withoutPlaces(read.val) === wanted) return text;
      }
    }
  }
  return undefined;
}

const OF_ROWS: ReadonlySet<string> = new Set(["ColumnRef", "SubLink", "ParamRef", "WindowDef"]);

/** Where it begins if it begins with brackets, or a word such as CASE, that no place is told of. */
function startsBefore(text: string, first: number): number[] {
  const starts = [first];
  for (let at = first; starts.length < 8;) {
    const before = /(?:\(|\b\w+|\bE?'[^']*'?|-)\s*$/i.exec(text.slice(0, at));
    if (before === null) break;
    at = before.index;
    starts.push(at);
  }
  return starts;
}

function leftmost(node: Node): number {
  let first = Infinity;
  holds(node, (key, inner) => {
    if (key === "location" && typeof inner === "number" && inner >= 0) first = Math.min(first, inner);
    return false;
  });
  return first === Infinity ? 0 : first;
}

function withoutPlaces(node: Node | undefined): string {
  return JSON.stringify(node, (key, value: unknown) => (key === "location" ? undefined : value)) ?? "";
}

function textOf(value: object | null): string {
  const { sval } = (value ?? {}) as { sval?: unknown };
  return typeof sval === "string" ? sval : "";
}

/** Whether anything in a tree is so. */
function holds(value: unknown, isSo: (key: string, inner: object | number | null) => boolean): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]: [string, unknown]) =>
      ((typeof inner === "object" || typeof inner === "number") && isSo(key, inner)) || holds(inner, isSo),
  );
}
