import type { Location } from "#errors/error.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import type { Decision } from "../decision.ts";
import { columnLines, columnRule, tableLines } from "../propose.ts";
import type { RulesText } from "./rule-file.ts";
import { tablesBlock } from "./tables-block.ts";

interface ColumnToAdd {
  readonly column: SourceColumn;
  readonly decision: Decision;
  /** Where the rule of its table begins. */
  readonly location: Location;
}

/** A key of YAML with its colon. */
const KEY = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:][^\n]*?)\s*:(?=\s|$)/;

/** Rules of columns put below the names of their tables. A table that is neither a block nor a map in braces is left as it is. */
export function withColumns(files: readonly RulesText[], columns: readonly ColumnToAdd[]): RulesText[] {
  return files.map(({ file, text }) => {
    const places = new Map<number, ColumnToAdd[]>();
    for (const one of columns.filter(({ location }) => location.file === file)) {
      const at = offsetOf(text, one.location);
      const others = places.get(at) ?? [];
      // A rule for several schemas speaks of a column once.
      if (!others.some(({ column }) => column.name === one.column.name)) places.set(at, [...others, one]);
    }
    let edited = text;
    for (const [at, some] of [...places].toSorted(([a], [b]) => b - a)) edited = below(edited, at, some);
    return { file, text: edited };
  });
}

function offsetOf(text: string, { line = 1, column = 1 }: Location): number {
  const before = text.split("\n").slice(0, line - 1);
  const start = before.reduce((sum, each) => sum + each.length + 1, 0);
  return (
    start +
    Array.from(text.slice(start))
      .slice(0, column - 1)
      .join("").length
  );
}

function below(text: string, at: number, columns: readonly ColumnToAdd[]): string {
  const key = KEY.exec(text.slice(at))?.[0];
  if (key === undefined) return text;
  const after = at + key.length;
  const brace = /^\s*\{/.exec(text.slice(after))?.[0];
  if (brace !== undefined) {
    const inner = after + brace.length;
    const rules = columns.map(({ column, decision }) => columnRule(column.name, decision.rule)).join(", ");
    const isEmpty = /^\s*\}/.test(text.slice(inner));
    return `${text.slice(0, inner)} ${rules}${isEmpty ? " " : ","}${text.slice(inner)}`;
  }
  const [rest = ""] = text.slice(after).split("\n", 1);
  if (!/^\s*(?:#.*)?$/.test(rest)) return text;
  const end = after + rest.length;
  const own = at - (text.lastIndexOf("\n", at - 1) + 1);
  const indent = indentAfter(text.slice(end + 1), own);
  const lines = columns
    .flatMap(({ column, decision }) => columnLines(column, decision))
    .map((line) => `\n${" ".repeat(indent)}${line}`);
  return text.slice(0, end) + lines.join("") + text.slice(end);
}

/** How far the members of a block stand to the right. */
function indentAfter(text: string, own: number): number {
  const first = text.split("\n").find((line) => !/^\s*(?:#.*)?$/.test(line)) ?? "";
  const indent = /^ */.exec(first)![0].length;
  return indent > own ? indent : own + 2;
}

/** Rules of tables, at the end of a block `tables`; in a file of their own where there is none. */
export function withTables(
  files: readonly RulesText[],
  tables: readonly SourceTable[],
  decisions: ReadonlyMap<SourceColumn, Decision>,
): RulesText[] {
  if (tables.length === 0) return [...files];
  const lines = tables.flatMap((table) => tableLines(table, decisions));
  const block = tablesBlock(files);
  if (block !== undefined) {
    const { file, text } = block.file;
    const indent = indentAfter(text.slice(block.start + 1, block.end), 0);
    const moved = lines.map((line) => (indent < 2 ? line.slice(2 - indent) : " ".repeat(indent - 2) + line));
    const rest = text.slice(block.end);
    const all = `${text.slice(0, block.end)}\n${moved.join("\n")}${rest === "" ? "\n" : rest}`;
    return files.map((one) => (one.file === file ? { file, text: all } : one));
  }
  const names = new Set(files.map(({ file }) => file));
  let file = "db/sync/tables.yaml";
  for (let number = 2; names.has(file); number++) file = `db/sync/tables-${number}.yaml`;
  return [...files, { file, text: `tables:\n${lines.join("\n")}\n` }];
}
