import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { withLineFeeds, withReturns } from "../files/checksum.ts";
import type { ForeignRecord, ForeignTable } from "./layout.ts";

/** A row of another tool's history, as most of them can be read. */
export interface HistoryRow {
  /** As in the table. */
  readonly key: string;
  readonly applied_at?: Date | null;
  readonly applied_by?: string | null;
  readonly execution_ms?: number | null;
}

export function toRecord(row: HistoryRow, isSum?: ForeignRecord["isSum"]): ForeignRecord {
  return {
    key: row.key,
    appliedAt: row.applied_at ?? undefined,
    appliedBy: row.applied_by ?? undefined,
    executionMs: row.execution_ms ?? undefined,
    isSum,
  };
}

/** Hashes of a file, in hex. Git changes the ends of lines, which most tools pass over: any of the two ends counts. */
export function hashesOf(algorithm: "sha256" | "sha384"): NonNullable<ForeignTable["sumsOf"]> {
  const hashOf = (pieces: Iterable<Uint8Array>): string => {
    const hasher = new Bun.CryptoHasher(algorithm);
    for (const piece of pieces) hasher.update(piece);
    return hasher.digest("hex");
  };
  return (pieces) => [...new Set([hashOf(pieces()), hashOf(withLineFeeds(pieces())), hashOf(withReturns(pieces()))])];
}

/** Whether a hash is the one that a tool recorded. */
export function isHash(recorded: string): ForeignRecord["isSum"] {
  // Prisma once left out the zero in front of a byte below 16.
  return (hash) => hash === recorded || hash.replaceAll(/0(.)|(..)/g, "$1$2") === recorded;
}

/** A history that says a migration failed, or is half done. */
export function unfinished(what: string): ConfitureError {
  return new ConfitureError("adoption_refused", `${what}: what is in the database is not known`, {
    hint: "Put it right with that tool first, then take its history over.",
  });
}

/** A table with a row for each migration and nothing to read but a select list of `HistoryRow`. */
export function rowsOf(
  tables: readonly string[],
  columns: readonly string[],
  selected: string,
  keyOf?: ForeignTable["keyOf"],
): ForeignTable {
  return {
    tables,
    columns,
    async read(database, table) {
      const rows = await queryCatalogue<HistoryRow>(database, `select ${selected} from ${table}`);
      return { kind: "records", records: rows.map((row) => toRecord(row)) };
    },
    ...(keyOf === undefined ? {} : { keyOf }),
  };
}

/** https://github.com/amacneil/dbmate: a row a version, nothing else. */
export const DBMATE = rowsOf(["schema_migrations"], ["version"], "version::text as key");

/** https://github.com/golang-migrate/migrate: one row, the version it came to and whether that failed. */
export const GOLANG_MIGRATE: ForeignTable = {
  tables: ["schema_migrations"],
  columns: ["version", "dirty"],
  async read(database, table) {
    const rows = await queryCatalogue<{ version: string; dirty: boolean }>(
      database,
      `select version::text, dirty from ${table}`,
    );
    const dirty = rows.find((row) => row.dirty);
    if (dirty !== undefined) throw unfinished(`golang-migrate marked version ${dirty.version} dirty`);
    return { kind: "through", version: rows[0]?.version };
  },
};

/** https://github.com/launchbadge/sqlx: sha384 of the file, nanoseconds. */
export const SQLX: ForeignTable = {
  tables: ["_sqlx_migrations"],
  columns: ["version", "installed_on", "success", "checksum", "execution_time"],
  async read(database, table) {
    const rows = await queryCatalogue<HistoryRow & { success: boolean; checksum: string }>(
      database,
      `select version::text as key, installed_on as applied_at, (execution_time / 1000000)::float8 as execution_ms,
              success, encode(checksum, 'hex') as checksum
         from ${table}`,
    );
    const failed = rows.find((row) => !row.success);
    if (failed !== undefined) throw unfinished(`sqlx recorded that version ${failed.key} failed`);
    return {
      kind: "records",
      records: rows.map((row) => toRecord(row, isHash(row.checksum))),
    };
  },
  sumsOf: hashesOf("sha384"),
};

/**
 * https://github.com/fraiseql/confiture: the table had another name in its first versions; later ones keep the stages
 * of online migrations beside it.
 */
export const CONFITURE_PY: ForeignTable = {
  tables: ["tb_confiture", "confiture_migrations"],
  columns: ["version", "name", "applied_at", "execution_time_ms"],
  async read(database, table) {
    await refuseUnfinishedStages(database, table.replace(/"$/, '_steps"'));
    const rows = await queryCatalogue<HistoryRow>(
      database,
      `select version::text as key, applied_at::timestamptz as applied_at, execution_time_ms::float8 as execution_ms
         from ${table}`,
    );
    return { kind: "records", records: rows.map((row) => toRecord(row)) };
  },
};

async function refuseUnfinishedStages(database: Database, steps: string): Promise<void> {
  const [there] = await queryCatalogue<{ found: boolean }>(database, "select to_regclass($1) is not null as found", [
    steps,
  ]);
  if (there?.found !== true) return;
  const open = await queryCatalogue(database, `select 1 from ${steps} where state <> 'done' limit 1`);
  if (open.length > 0) throw unfinished(`Confiture for Python has unfinished stages in ${steps}`);
}
