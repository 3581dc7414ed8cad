import type { Database } from "#database/database.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { digestOf } from "../catalogue/digest.ts";
import { readRowHashes, type ReadRowsOptions, readTables, type Rows } from "../contained/rows.ts";
import { isNumberCounted, type Written } from "../contained/written.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ProjectFiles } from "../sources/sources.ts";

/** How `verify` reads rows. */
export type Reading = ReadRowsOptions & { readonly written: Written };

/** What schema files built, as far as `verify` goes by it. */
export interface Built {
  /** Of the catalogue (`digestOf`). */
  readonly digest: string;
  readonly rows: Rows;
  readonly notCompared: Catalogue["notCompared"];
  /** Columns of these rows that a sequence counts, and whether their numbers count as well, as migrations write them. */
  readonly counted: readonly (readonly [
    table: string,
    column: string,
    referring: readonly string[],
    isCounted: boolean,
  ])[];
}

/** What a thread is given that builds them. */
export interface BuildTask {
  /** PostgreSQL's. */
  readonly code: WebAssembly.Module;
  readonly files: ProjectFiles;
  readonly reading: Reading;
}

/** Reads what a database holds that was built from schema files. */
export async function readBuilt(database: Database, catalogue: Catalogue, reading: Reading): Promise<Built> {
  const tables = await readTables(database, SCRATCH_LEDGER);
  const rows = await readRowHashes(database, SCRATCH_LEDGER, { ...reading, tables });
  const counted = tables.flatMap(({ table, columns }) =>
    columns.flatMap(({ name, counted: isNumber, referring }) =>
      isNumber ? [[table, name, referring, isNumberCounted(reading.written, table, name, referring)] as const] : [],
    ),
  );
  return { digest: digestOf(catalogue), rows, notCompared: catalogue.notCompared, counted };
}
