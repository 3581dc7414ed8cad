import type { SyncFinding } from "../finding.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { fittingNames } from "../transforms/registry.ts";
import { guessByName, isPlainKey } from "./guess.ts";
import { shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import { type Rules, RULES_DIR, TABLE_KEYS, type TableRule } from "./rules.ts";
import { tablesBlock } from "./tables-block.ts";
import type { Treatments } from "./treatments.ts";
import { tableKey, yamlKey } from "./yaml-key.ts";

/** A table that no rule speaks of, with a rule to be decided upon. */
export function tableWithoutRule(table: SourceTable, rules: Rules, references: readonly Reference[]): SyncFinding {
  const shown = shownTable(table);
  const columns = table.columns.filter(({ generated }) => !generated);
  const [reserved, others] = [columns.filter(isReserved), columns.filter((column) => !isReserved(column))];
  const lines = [
    ...others.map((column) => `    ${lineFor(table, column, references)}`),
    ...(reserved.length === 0 ? [] : ["    columns:"]),
    ...reserved.map((column) => `      ${lineFor(table, column, references)}`),
  ];
  const block = tablesBlock(rules.files);
  const location = block?.file.location(block.end) ?? { file: rules.files[0]?.file ?? `${RULES_DIR}/tables.yaml` };
  const where = location.line === undefined ? "below `tables:`" : `below line ${location.line}`;
  return {
    rule: "table-without-rule",
    message: `No rule speaks of the table ${shown}`,
    fix: [
      `Add to ${location.file}, ${where}, with what becomes of each column (or \`${tableKey(table)}: skip\` for none of its rows):`,
      `  ${tableKey(table)}:`,
      ...lines,
    ].join("\n"),
    location,
    table: shown,
    column: undefined,
  };
}

/** Columns of a table that its rule does not speak of, and that follow no other. */
export function columnsWithoutRule(
  table: SourceTable,
  { place }: TableRule,
  treatments: Treatments,
  references: readonly Reference[],
): SyncFinding[] {
  return table.columns.flatMap((column): SyncFinding[] => {
    if (column.generated || treatments.hasRule(column) || treatments.of(column) !== undefined) return [];
    // What it follows is told.
    if (treatments.isFaulty(column)) return [];
    const shown = `${shownTable(table)}.${column.name}`;
    const { file, line: number } = place.file.location(place.offset);
    const where = `${file}, below line ${number}${isReserved(column) ? ", below `columns:` there" : ""}:`;
    const lines = linesFor(table, column, references);
    return [
      {
        rule: "column-without-rule",
        message: `No rule says what becomes of the column ${shown} (${column.type})`,
        fix:
          lines.length === 1
            ? `Add to ${where} ${lines[0]}`
            : [`Add one of these lines to ${where}`, ...lines.map((line) => `  ${line}`)].join("\n"),
        location: place.file.location(place.offset),
        table: shownTable(table),
        column: column.name,
      },
    ];
  });
}

/** Whether a rule would take the column's name for one of its own words. */
function isReserved({ name }: SourceColumn): boolean {
  return TABLE_KEYS.includes(name);
}

/** The line of a rule for one column, or those that there are to choose from. */
function linesFor(table: SourceTable, column: SourceColumn, references: readonly Reference[]): string[] {
  const line = lineFor(table, column, references);
  if (!line.includes(OPEN)) return [line];
  const name = yamlKey(column.name);
  return [
    `${name}: TRANSFORM  # one of ${[...fittingNames(column), "value", "expr"].join(", ")}`,
    `${name}: keep  # if nothing in it is personal`,
  ];
}

const OPEN = '"?"';

/** The line of a rule for a column, to be decided upon. */
function lineFor(table: SourceTable, column: SourceColumn, references: readonly Reference[]): string {
  const name = yamlKey(column.name);
  const isKey = references.some(({ from, fromColumns }) => from === table && fromColumns.includes(column));
  const guess = isKey ? "keep" : (guessByName(column) ?? (isPlainKey(table, column) ? "keep" : undefined));
  return guess === undefined
    ? `${name}: ${OPEN}  # keep, if nothing in it is personal, or a transform`
    : `${name}: ${guess}`;
}
