import { nearest } from "#errors/suggest.ts";
import type { SourceTable } from "../source/catalogue.ts";
import { columnNamed, type Names, shownTable } from "./names.ts";
import { type ColumnRule, type Problem, TABLE_KEYS } from "./rules.ts";
import { yamlKey } from "./yaml-key.ts";

/** Words of SQL and of other tools for what a key of a table says. */
const WORDS: Readonly<Record<string, "rows" | "sample" | "skip">> = {
  where: "rows",
  filter: "rows",
  condition: "rows",
  percent: "sample",
  exclude: "skip",
  ignore: "skip",
};

/** What to say of a rule for a column that the table does not have. */
export function unknownColumn(table: SourceTable, rule: ColumnRule, names: Names): Problem {
  const shown = shownTable(table);
  // What stands in `keep` is no key.
  const isKey = rule.node !== undefined;
  const about = { rule: "unknown-column", table: shown, column: rule.column, place: rule.place };
  const message = `The table ${shown} has no column "${rule.column}"`;
  const several = isKey ? [] : rule.column.split(",").map((part) => part.trim());
  if (several.length > 1 && several.every((one) => columnNamed(table, one) !== undefined)) {
    const fix = `Columns are one list, in brackets: keep: [${several.map(yamlKey).join(", ")}]`;
    return { ...about, message, fix, explains: { table: shown } };
  }
  const word = isKey ? WORDS[rule.column.toLowerCase()] : undefined;
  if (word !== undefined) return { ...about, message, fix: lineOf(word, rule, shown) };
  const keys = isKey ? TABLE_KEYS : [];
  const near = nearest(rule.column, [...table.columns.map(({ name }) => name), ...keys]);
  if (near === undefined) return { ...about, message, fix: names.fixOfUnknown };
  // A misspelt key hides the rules below it.
  const meant = keys.includes(near) ? {} : { column: near };
  return { ...about, message, fix: `Did you mean "${near}"?`, explains: { table: shown, ...meant } };
}

function lineOf(word: "rows" | "sample" | "skip", { node }: ColumnRule, shown: string): string {
  if (word === "skip") return `To copy none of its rows: \`${shown}: skip\``;
  const text = node?.kind === "scalar" && node.text !== "" ? node.text : undefined;
  const value = text === undefined ? undefined : word === "rows" ? JSON.stringify(text) : text;
  return word === "rows"
    ? `A condition is written as rows: ${value ?? "\"created_at > now() - interval '30 days'\""}`
    : `A share of the rows is written as sample: ${value ?? "10%"}`;
}
