import type { Database } from "#database/database.ts";
import { nearest } from "#errors/suggest.ts";
import { checkCatalogue, type Checked } from "./check.ts";
import type { SyncFinding } from "./finding.ts";
import type { SourceCatalogue } from "./source/catalogue.ts";
import { shownTable } from "./rules/names.ts";
import { uncountedWarnings } from "./warn-counted.ts";
import { onlyHere } from "./rules/only-here.ts";
import type { Rules } from "./rules/rules.ts";

/** One of the states that a database may be in, where rules have to hold in each. */
export interface CheckedState {
  readonly database: Database;
  readonly catalogue: SourceCatalogue;
}

/** What is wrong with rules in any of the states. */
export interface CheckedStates {
  readonly findings: readonly SyncFinding[];
  readonly warnings: readonly string[];
  /** How many tables there are; a partitioned one counts once. */
  readonly tables: number;
  /** Whether another state has a table or a column that the first has not. */
  readonly hasMore: boolean;
}

/**
 * Lays rules beside each state. What is in one of them needs a rule, and a rule is about something that is in one of them.
 * @param passing further states, of which nothing needs a rule
 * @param key as for `planSync`
 * @throws ConfitureError `sync_source_failed`
 */
export async function checkStates(
  states: readonly CheckedState[],
  passing: readonly SourceCatalogue[],
  rules: Rules,
  key: Uint8Array | undefined,
): Promise<CheckedStates> {
  const results: Checked[] = [];
  for (const { database, catalogue } of states) {
    const others = [...states.flatMap((state) => (state.catalogue === catalogue ? [] : [state.catalogue])), ...passing];
    results.push(await checkCatalogue(database, catalogue, onlyHere(rules, catalogue, others), key));
  }
  const found = results.map((result) => (result.kind === "findings" ? result.findings : []));
  const warnings = results.flatMap((result) => (result.kind === "plan" ? uncountedWarnings(result.plan) : []));
  const tables = states.flatMap(({ catalogue }) =>
    catalogue.tables.filter(({ partitionOf }) => partitionOf === null).map(shownTable),
  );
  const [first, ...others] = states.map(({ catalogue }) => columnsOf(catalogue));
  return {
    findings: joined(found, [first ?? NOTHING, ...others]),
    warnings: [...new Set(warnings)],
    tables: new Set(tables).size,
    hasMore: others.some((other) => isMore(other, first ?? NOTHING)),
  };
}

/** The names of columns, by table. */
type Columns = ReadonlyMap<string, ReadonlySet<string>>;

const NOTHING: Columns = new Map();

function columnsOf({ tables }: SourceCatalogue): Columns {
  return new Map(tables.map((table) => [shownTable(table), new Set(table.columns.map(({ name }) => name))]));
}

function isMore(columns: Columns, than: Columns): boolean {
  return [...columns].some(([table, names]) => !names.isSubsetOf(than.get(table) ?? new Set()) || !than.has(table));
}

/** Each finding once, and none about a name that is missing in some of the states only. */
function joined(found: readonly (readonly SyncFinding[])[], states: readonly Columns[]): SyncFinding[] {
  const byKey = new Map<string, SyncFinding>();
  for (const finding of found.flat()) {
    const key = keyOf(finding);
    if (byKey.has(key)) continue;
    const isEverywhere = found.every((findings) => findings.some((other) => keyOf(other) === key));
    if (isOfName(finding) && !isEverywhere) continue;
    byKey.set(key, inWordsOfAll(finding, states));
  }
  return [...byKey.values()];
}

/** What the first state does not show: which of the others has what needs a rule, or the name that was meant. */
function inWordsOfAll(finding: SyncFinding, [first = NOTHING, ...others]: readonly Columns[]): SyncFinding {
  const { rule, table, column, message } = finding;
  if (table === undefined) return finding;
  if (isMissing(finding)) {
    const isInFirst = column === undefined ? first.has(table) : first.get(table)?.has(column) === true;
    return isInFirst ? finding : { ...finding, message: `${message}, which migrations make and the schema files lack` };
  }
  if (rule !== "unknown-table" && rule !== "unknown-column") return finding;
  const namesIn = (columns: Columns): Iterable<string> =>
    column === undefined ? columns.keys() : (columns.get(table) ?? []);
  const known = new Set(namesIn(first));
  const near = nearest(
    column ?? table,
    others.flatMap((other) => [...namesIn(other)].filter((name) => !known.has(name))),
  );
  return near === undefined ? finding : { ...finding, fix: `Did you mean "${near}"?` };
}

function isMissing({ rule }: SyncFinding): boolean {
  return rule.endsWith("-without-rule");
}

/** What one state refuses and another one takes may name something that only one of them has. */
function isOfName({ rule }: SyncFinding): boolean {
  return /^(?:unknown-table|unknown-column|invalid-sql)$/.test(rule);
}

/** What a finding is about; its words may differ from state to state. */
function keyOf(finding: SyncFinding): string {
  const { rule, location, table, column, message } = finding;
  const words = isMissing(finding) || isOfName(finding) ? "" : message;
  return JSON.stringify([rule, location.file, location.line, location.column, table, column, words]);
}
