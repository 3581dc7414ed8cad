import type { Database } from "#database/database.ts";
import { comparePaths } from "#build/order.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { onTerms } from "../catalogue/terms.ts";
import { readSequences } from "../sources/sequences.ts";
import { readDetails } from "../tree/details.ts";
import { planFiles } from "../tree/statements.ts";
import { renderSchemaFile } from "../tree/text.ts";
import { readCells, type TableCells } from "./cells.ts";
import { asItIs, insertStatements, type WriteCell } from "./rows.ts";

/** Rows come when tables and partitions are there, and before foreign keys and triggers. */
const ROWS = "16_rows/rows.sql";

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
  const { from, to } = onTerms(empty, held, { owners: false, grants: true, extensionVersions: false });
  const tables = await readCells(database);
  const sequences = await readSequences(database);
  const objects = planFiles(from, to, await readDetails(database), []).map((file) => ({
    path: file.path,
    text: renderSchemaFile({ ...file, ahead: false }),
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
