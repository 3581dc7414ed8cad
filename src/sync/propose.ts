import type { Database } from "#database/database.ts";
import type { SourceCatalogue, SourceColumn, SourceTable } from "./source/catalogue.ts";
import { type Decision, isOpen, OPEN, UNDECIDED } from "./decision.ts";
import { planSync } from "./plan-sync.ts";
import { guessByName, isPlainKey, namesSensitive } from "./rules/guess.ts";
import { columnNamed, columnReference, Names } from "./rules/names.ts";
import { parseRules } from "./rules/read.ts";
import { TABLE_KEYS } from "./rules/rules.ts";
import { tableKey, yamlKey } from "./rules/yaml-key.ts";
import { looksOf } from "./looks-of.ts";
import { decideDocuments } from "./propose-documents.ts";
import { homesIn, shareValues } from "./shared-values.ts";
import { readsOf, requireRights } from "./run/rights.ts";
import { familyOf, TRANSFORM_NAMES } from "./transforms/registry.ts";

/** First rules for a database. */
export interface Proposal {
  readonly yaml: string;
  readonly tables: number;
  readonly kept: number;
  readonly transformed: number;
  /** Columns with `?`, which stop a copy until somebody has decided. */
  readonly undecided: number;
}

/**
 * Writes rules for every column: by name, by type, and by how many of its first values look like something. The counting is done by
 * the database: no value leaves it.
 * @param database in no transaction
 * @param file what the rules' file will be called
 * @throws ConfitureError `sync_source_failed`
 */
export async function proposeRules(database: Database, catalogue: SourceCatalogue, file: string): Promise<Proposal> {
  const tables = catalogue.tables.filter(({ partitionOf }) => partitionOf === null);
  const decisions = new Map<SourceColumn, Decision>();
  // What a copy reads as well: nobody has to ask for rights twice.
  await requireRights(
    database,
    "source",
    readsOf(catalogue, () => true),
  );
  for (const table of tables)
    for (const [column, decision] of await decideTable(database, table)) decisions.set(column, decision);
  const homes = homesIn(tables, (column) => decisions.get(column)?.rule);
  await shareValues(database, tables, homes, decisions);
  for (const table of tables)
    for (const [column, decision] of await decideDocuments(database, table, homes)) decisions.set(column, decision);
  for (const table of tables) followKeys(table, catalogue, decisions);
  // What does not go together nobody has decided yet.
  for (let again = true; again;) {
    again = false;
    const rules = await parseRules([{ file, text: write(tables, decisions) }]);
    const planned = await planSync(catalogue, rules, undefined);
    const names = new Names(catalogue);
    for (const { rule, table, column, message } of planned.kind === "findings" ? planned.findings : []) {
      if (rule === "undecided" || table === undefined || column === undefined) continue;
      const owner = names.table(table);
      const found = owner === undefined ? undefined : columnNamed(owner, column);
      const decision = found === undefined ? undefined : decisions.get(found);
      if (decision === undefined || decision.rule === UNDECIDED) continue;
      decisions.set(found!, decision.otherwise ?? { rule: UNDECIDED, why: message });
      again = true;
    }
  }
  return { yaml: write(tables, decisions), tables: tables.length, ...numbersOf([...decisions.values()]) };
}

/** How many columns are kept, replaced, and still to be decided. */
export function numbersOf(all: readonly Decision[]): Pick<Proposal, "kept" | "transformed" | "undecided"> {
  const kept = all.filter(({ rule }) => rule === "keep").length;
  const undecided = all.filter(isOpen).length;
  return { kept, undecided, transformed: all.length - kept - undecided };
}

/** What is proposed for each column of a table, whatever it refers to. */
export async function decideTable(
  database: Database,
  table: SourceTable,
): Promise<ReadonlyMap<SourceColumn, Decision>> {
  const seen = await looksOf(database, table);
  return new Map(
    table.columns
      .filter(({ generated }) => !generated)
      .map((column) => [column, decide(table, column, seen.get(column))] as const),
  );
}

function decide(table: SourceTable, column: SourceColumn, looks: Decision | undefined): Decision {
  const named = guessByName(column);
  if (named !== undefined) return { rule: named };
  if (looks !== undefined) return looks;
  if (isPlainKey(table, column)) return { rule: "keep" };
  if (column.baseType === "bool" || column.typeKind === "e")
    return namesSensitive(column.name, column.type)
      ? { rule: UNDECIDED, why: `${column.type}; by its name, something sensitive about a person` }
      : { rule: "keep" };
  if (
    familyOf(column) === "timestamp" &&
    /^(?:created|updated|modified|deleted|inserted)_?(?:at|on)?$/i.test(column.name)
  ) {
    return { rule: "keep" };
  }
  return { rule: UNDECIDED };
}

/** A foreign key is kept where its key is, and follows it by itself where that is transformed. */
function followKeys(
  table: SourceTable,
  { tables }: SourceCatalogue,
  decisions: Map<SourceColumn, Decision>,
  open: ReadonlySet<SourceTable> = new Set(),
): void {
  for (const { columns, references, referencedColumns } of table.foreignKeys) {
    const other = tables.find(({ oid }) => oid === references);
    if (other === undefined) continue;
    if (other !== table && !open.has(other)) followKeys(other, { tables }, decisions, new Set([...open, table]));
    for (const [index, number] of columns.entries()) {
      const column = table.columns.find((one) => one.number === number);
      const key = other.columns.find((one) => one.number === referencedColumns[index]);
      const of = key === undefined ? undefined : decisions.get(key)?.rule;
      if (column === undefined || key === undefined) continue;
      const undecided = { rule: UNDECIDED, why: `refers to ${columnReference(other, key)}` };
      const follows = of === "keep" ? { rule: "keep" } : { rule: undefined, otherwise: undecided };
      decisions.set(column, of === UNDECIDED ? undecided : follows);
    }
  }
}

const HEADING = `# What becomes of every column when this database is copied. \`confiture sync check\` checks it.
# Transforms: as, ${TRANSFORM_NAMES.join(", ")}.
# The same value in several columns: \`contact: { as: users.email }\` gives an address the same result as in users.email, so that joins by it hold.
# "?" is still to be decided, and stops a copy: move the column to \`keep\` when nothing in it is about a person, or give it a transform.
# \`TABLE: skip\` copies a table without its rows.
`;

function write(tables: readonly SourceTable[], decisions: ReadonlyMap<SourceColumn, Decision>): string {
  return `${HEADING}tables:\n${tables.flatMap((table) => tableLines(table, decisions)).join("\n")}\n`;
}

/** The rule of a table, in lines. */
export function tableLines(table: SourceTable, decisions: ReadonlyMap<SourceColumn, Decision>): string[] {
  const columns = table.columns.flatMap((column) => {
    const decision = decisions.get(column);
    return decision?.rule === undefined ? [] : [{ column, decision }];
  });
  const kept = columns.filter(({ decision }) => decision.rule === "keep").map(({ column }) => yamlKey(column.name));
  const others = columns.filter(({ decision }) => decision.rule !== "keep");
  const lines = (indent: string, some: typeof others): string[] =>
    some.flatMap(({ column, decision }) => columnLines(column, decision).map((line) => indent + line));
  const isReserved = ({ column }: (typeof others)[number]): boolean => TABLE_KEYS.includes(column.name);
  const reserved = others.filter(isReserved);
  return [
    `  ${tableKey(table)}:`,
    `    keep: [${kept.join(", ")}]`,
    ...lines(
      "    ",
      others.filter((one) => !isReserved(one)),
    ),
    ...(reserved.length === 0 ? [] : ["    columns:", ...lines("      ", reserved)]),
  ];
}

/** `email: email # 100% look like e-mail addresses`; of a long rule several lines. */
export function columnLines({ name, type }: SourceColumn, { rule, why, lines }: Decision): string[] {
  const about = why ?? (rule === UNDECIDED ? type : undefined);
  const comment = about === undefined ? "" : ` # ${about.replaceAll(/\s+/g, " ")}`;
  if (lines === undefined) return [`${columnRule(name, rule)}${comment}`];
  return [`${yamlKey(name)}:${comment}`, ...lines.map((line) => `  ${line}`)];
}

/** The same as a part of a line. */
export function columnRule(name: string, rule: string | undefined): string {
  return `${yamlKey(name)}: ${rule === UNDECIDED ? OPEN : (rule ?? "keep")}`;
}
