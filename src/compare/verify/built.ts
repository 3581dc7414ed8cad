import type { Database } from "#database/database.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { digestOf } from "../catalogue/digest.ts";
import { readRowHashes, type Rows } from "../contained/rows.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ProjectFiles } from "../sources/sources.ts";

/** What schema files built, as far as `verify` goes by it. */
export interface Built {
  /** Of the catalogue (`digestOf`). */
  readonly digest: string;
  readonly rows: Rows;
  readonly notCompared: Catalogue["notCompared"];
}

/** What a thread is given that builds them. */
export interface BuildTask {
  /** PostgreSQL's. */
  readonly code: WebAssembly.Module;
  readonly files: ProjectFiles;
}

/** Reads what a database holds that was built from schema files. */
export async function readBuilt(database: Database, catalogue: Catalogue): Promise<Built> {
  const rows = await readRowHashes(database, SCRATCH_LEDGER);
  return { digest: digestOf(catalogue), rows, notCompared: catalogue.notCompared };
}
