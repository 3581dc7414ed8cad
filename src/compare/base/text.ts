import type { Database } from "#database/database.ts";
import { comparePaths } from "#build/order.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { onTerms } from "../catalogue/terms.ts";
import { readDetails } from "../tree/details.ts";
import { planFiles } from "../tree/statements.ts";
import { renderSchemaFile } from "../tree/text.ts";
import { insertStatements } from "./rows.ts";

/** Rows come when tables and partitions are there, and before foreign keys and triggers. */
const ROWS = "16_rows/rows.sql";

/**
 * A script that makes what a scratch database holds, rows included, of an empty one.
 * @param empty what an empty scratch database holds
 * @param held what this one holds
 */
export async function scriptOf(database: Database, empty: Catalogue, held: Catalogue): Promise<string> {
  const { from, to } = onTerms(empty, held, { owners: false, grants: true, extensionVersions: false });
  const rows = await insertStatements(database);
  const objects = planFiles(from, to, await readDetails(database), []);
  const texts = [
    ...objects.map((file) => ({ path: file.path, text: renderSchemaFile({ ...file, ahead: false }) })),
    ...(rows.length === 0 ? [] : [{ path: ROWS, text: rows.map((sql) => `${sql};\n`).join("\n") }]),
  ];
  return [
    "-- Bodies of functions may speak of what comes after them.\nSET check_function_bodies = off;\n",
    ...texts.toSorted((a, b) => comparePaths(a.path, b.path)).map(({ text }) => text),
    "RESET check_function_bodies;\n",
  ].join("\n");
}
