import type { Database } from "#database/database.ts";
import { comparePaths } from "#build/order.ts";
import { loadParser } from "#sql/parser.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { mainOwner, onTerms } from "../catalogue/terms.ts";
import { readSequences } from "../sources/sequences.ts";
import { readDetails } from "../tree/details.ts";
import { type PlannedFile, planFiles } from "../tree/statements.ts";
import { renderSchemaFile } from "../tree/text.ts";
import { readCells, type TableCells } from "./cells.ts";
import { ownRights } from "./own-rights.ts";
import { asItIs, insertStatements, type WriteCell } from "./rows.ts";

/** Rows come when tables and partitions are there, and before foreign keys and triggers. */
const ROWS = "16_rows/rows.sql";
/** Constraints and policies that the rows may violate. */
const UNCHECKED = "16_rows/unchecked.sql";
/** What the statements before it may need. Event triggers come behind it: they would fire. */
const OWN_RIGHTS = "89_rights/own.sql";

/** A script that makes what a scratch database held, rows included, of an empty one. */
export interface BaseScript {
  /** The rows that it makes. */
  readonly tables: readonly TableCells[];
  /** @param write how their values are written; as they are when undefined */
  readonly text: (write?: WriteCell) => string;
}

/**
 * Reads what a scratch database holds.
 * @param empty what an empty scratch database holds
 * @param held what this one holds
 */
export async function readScript(database: Database, empty: Catalogue, held: Catalogue): Promise<BaseScript> {
  const { from, to } = onTerms(empty, held, { owners: "given", grants: true, extensionVersions: false });
  const tables = await readCells(database);
  const sequences = await readSequences(database);
  // Whoever begins with it builds: another role than the scratch database's, or the one that has the database in use.
  const builders = [mainOwner(empty), held.builder];
  const parser = await loadParser();
  const own = ownRights(held);
  const files = [
    ...behindRows(planFiles(from, to, await readDetails(database), builders)),
    ...(own.length === 0 ? [] : [{ path: OWN_RIGHTS, statements: own, ahead: false }]),
  ];
  const objects = files.map((file) => ({
    path: file.path,
    text: renderSchemaFile({ ...file, ahead: false }, parser),
  }));
  const text = (write: WriteCell = asItIs): string => {
    const rows = insertStatements(tables, sequences, write);
    const texts = [
      ...objects,
      ...(rows.length === 0 ? [] : [{ path: ROWS, text: rows.map((sql) => `${sql};\n`).join("\n") }]),
    ];
    return [
      "-- Bodies of functions may speak of what comes after them.\nSET check_function_bodies = off;\n",
      ...texts.toSorted((a, b) => comparePaths(a.path, b.path)).map(({ text: each }) => each),
      "RESET check_function_bodies;\n",
    ].join("\n");
  };
  return { tables, text };
}

/**
 * What is `NOT VALID` holds for new rows only: it comes when those are there that it was not made for, with what is said of it. And
 * so do policies that hold for the owner as well, who writes the rows.
 */
function behindRows(files: readonly PlannedFile[]): PlannedFile[] {
  const unchecked: string[] = [];
  const rest = files.map((file) => {
    if (comparePaths(file.path, ROWS) > 0 || !file.statements.some(isUnchecked)) return file;
    const isLate = (sql: string): boolean => isUnchecked(sql) || sql.startsWith("COMMENT ON CONSTRAINT ");
    unchecked.push(...file.statements.filter(isLate));
    return { ...file, statements: file.statements.filter((sql) => !isLate(sql)) };
  });
  return unchecked.length === 0 ? rest : [...rest, { path: UNCHECKED, statements: unchecked, ahead: false }];
}

function isUnchecked(sql: string): boolean {
  return /^ALTER (?:TABLE|DOMAIN) .* (?:NOT VALID|(?<! NO )FORCE ROW LEVEL SECURITY)$/s.test(sql);
}
