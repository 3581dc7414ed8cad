import type { Database } from "#database/database.ts";
import type { SyncFinding } from "./finding.ts";
import type { SourceCatalogue, SourceColumn, SourceTable } from "./source/catalogue.ts";
import { planSync } from "./plan-sync.ts";
import { type Decision, UNDECIDED } from "./decision.ts";
import { decideTable, numbersOf, type Proposal } from "./propose.ts";
import { decideDocuments } from "./propose-documents.ts";
import { homesFor, homesIn, shareValues } from "./shared-values.ts";
import { columnNamed, Names, shownTable } from "./rules/names.ts";
import { parseRules } from "./rules/read.ts";
import type { RulesText } from "./rules/rule-file.ts";
import { TABLE_KEYS } from "./rules/rules.ts";
import { readsOf, requireRights } from "./run/rights.ts";
import { withColumns, withTables } from "./rules/edit.ts";

/** Rules for what the rules that are there do not speak of. */
export interface Additions extends Omit<Proposal, "yaml"> {
  /** Files as they become. */
  readonly files: readonly RulesText[];
  /** Columns that got a rule, as "users.phone: phone". */
  readonly added: readonly string[];
  /** What is wrong with the rules besides. */
  readonly faults: readonly SyncFinding[];
}

/** A column without a rule, and where that of its table is; undefined for a table without one. */
interface Missing {
  readonly table: SourceTable;
  readonly column: SourceColumn;
  readonly finding: SyncFinding | undefined;
}

/**
 * Proposes rules for columns and tables that have none, as `proposeRules` does; what is written stays as it is.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function proposeMore(
  database: Database,
  catalogue: SourceCatalogue,
  files: readonly RulesText[],
): Promise<Additions> {
  const before = await findingsOf(catalogue, files);
  const missing = missingIn(before, catalogue);
  const decisions = new Map<SourceColumn, Decision>();
  const tables = new Set(missing.map((one) => one.table));
  const roots = catalogue.tables.filter(({ partitionOf }) => partitionOf === null);
  const homes = homesIn(roots, () => undefined);
  const theirs = [...tables].flatMap((table) =>
    [...homes.first.keys()].flatMap((rule) => homesFor(homes, rule, table).map((home) => home.table)),
  );
  const looked = new Set([...tables, ...theirs]);
  await requireRights(
    database,
    "source",
    readsOf(catalogue, (root) => looked.has(root)),
  );
  for (const table of tables) {
    const proposed = new Map([
      ...(await decideTable(database, table)),
      ...(await decideDocuments(database, table, homes)),
    ]);
    for (const { column } of missing.filter((one) => one.table === table)) {
      const refers = table.foreignKeys.some(({ columns }) => columns.includes(column.number));
      // It follows its key by itself, unless that is kept.
      decisions.set(column, refers ? { rule: undefined } : proposed.get(column)!);
    }
  }
  await shareValues(database, [...tables], homes, decisions);
  const names = new Names(catalogue);
  let texts = write(files, missing, decisions);
  for (let again = decisions.size > 0; again;) {
    again = false;
    for (const { rule, table, column, message } of await findingsOf(catalogue, texts)) {
      const owner = table === undefined ? undefined : names.table(table);
      const found = owner === undefined || column === undefined ? undefined : columnNamed(owner, column);
      const decision = found === undefined ? undefined : decisions.get(found);
      if (decision === undefined || decision.rule === UNDECIDED || rule === "undecided") continue;
      const follows = rule === "column-without-rule" && decision.rule === undefined;
      decisions.set(found!, follows ? { rule: "keep" } : (decision.otherwise ?? { rule: UNDECIDED, why: message }));
      again = true;
    }
    texts = write(files, missing, decisions);
  }
  const written = missing.filter(({ column }) => decisions.get(column)?.rule !== undefined);
  const after = await findingsOf(catalogue, texts);
  return {
    files: texts.filter(({ file, text }) => files.find((one) => one.file === file)?.text !== text),
    tables: new Set(missing.flatMap(({ table, finding }) => (finding === undefined ? [table] : []))).size,
    ...numbersOf(written.map(({ column }) => decisions.get(column)!)),
    added: written.map(
      ({ table, column }) => `${shownTable(table)}.${column.name}: ${decisions.get(column)!.rule ?? ""}`,
    ),
    faults: after.filter(({ rule }) => rule !== "undecided"),
  };
}

async function findingsOf(catalogue: SourceCatalogue, files: readonly RulesText[]): Promise<readonly SyncFinding[]> {
  const planned = await planSync(catalogue, await parseRules(files), undefined);
  return planned.kind === "findings" ? planned.findings : [];
}

function missingIn(findings: readonly SyncFinding[], catalogue: SourceCatalogue): Missing[] {
  const names = new Names(catalogue);
  return findings.flatMap((finding): Missing[] => {
    const table = finding.table === undefined ? undefined : names.table(finding.table);
    if (table === undefined) return [];
    if (finding.rule === "table-without-rule")
      return table.columns.flatMap((column) => (column.generated ? [] : [{ table, column, finding: undefined }]));
    const column = finding.rule === "column-without-rule" ? columnNamed(table, finding.column ?? "") : undefined;
    // Such a name is one of the words of a rule, and goes below `columns`.
    return column === undefined || TABLE_KEYS.includes(column.name) ? [] : [{ table, column, finding }];
  });
}

function write(
  files: readonly RulesText[],
  missing: readonly Missing[],
  decisions: ReadonlyMap<SourceColumn, Decision>,
): RulesText[] {
  const columns = missing.flatMap(({ column, finding }) => {
    const decision = decisions.get(column);
    return finding === undefined || decision?.rule === undefined
      ? []
      : [{ column, decision, location: finding.location }];
  });
  const tables = new Set(missing.flatMap(({ table, finding }) => (finding === undefined ? [table] : [])));
  return withTables(withColumns(files, columns), [...tables], decisions);
}
