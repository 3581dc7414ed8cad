import { createHash } from "node:crypto";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteQualified } from "#sql/quote.ts";

/** What another tool recorded of one migration. */
export interface ForeignRecord {
  /** As written there; digits unless the tool allows more. */
  readonly version: string;
  readonly appliedAt: Date | undefined;
  readonly appliedBy: string | undefined;
  readonly executionMs: number | undefined;
  /** Whether these bytes are the file that was applied; undefined where the tool keeps nothing to tell by. */
  readonly isFile: ((bytes: Uint8Array) => boolean) | undefined;
}

/**
 * A tool's history. `through`: it records only how far it came, and everything up to there is applied. Records may
 * begin behind a `baseline`, up to which everything counts as applied as well.
 */
export type ForeignHistory =
  | { readonly kind: "records"; readonly records: readonly ForeignRecord[]; readonly baseline?: string | undefined }
  | { readonly kind: "through"; readonly version: string | undefined };

interface Tool {
  readonly tables: readonly string[];
  /** Reads `table`, which is quoted. */
  read(database: Database, table: string): Promise<ForeignHistory>;
}

interface Row {
  readonly version: string;
  readonly applied_at?: Date | null;
  readonly applied_by?: string | null;
  readonly execution_ms?: number | null;
}

function toRecord(row: Row): ForeignRecord {
  return {
    version: row.version,
    appliedAt: row.applied_at ?? undefined,
    appliedBy: row.applied_by ?? undefined,
    executionMs: row.execution_ms ?? undefined,
    isFile: undefined,
  };
}

/** The tools whose history can be taken over, and where each keeps it. */
export const OTHER_TOOLS: Readonly<Record<string, Tool>> = {
  // https://github.com/amacneil/dbmate: a row a version, nothing else.
  dbmate: {
    tables: ["schema_migrations"],
    async read(database, table) {
      const rows = await queryCatalogue<Row>(database, `select version::text from ${table}`);
      return { kind: "records", records: rows.map(toRecord) };
    },
  },
  // https://github.com/golang-migrate/migrate: one row, the version it came to and whether that failed.
  "golang-migrate": {
    tables: ["schema_migrations"],
    async read(database, table) {
      const rows = await queryCatalogue<{ version: string; dirty: boolean }>(
        database,
        `select version::text, dirty from ${table}`,
      );
      const dirty = rows.find((row) => row.dirty);
      if (dirty !== undefined) throw unfinished(`golang-migrate marked version ${dirty.version} dirty`);
      return { kind: "through", version: rows[0]?.version };
    },
  },
  // https://github.com/launchbadge/sqlx: sha384 of the file, nanoseconds.
  sqlx: {
    tables: ["_sqlx_migrations"],
    async read(database, table) {
      const rows = await queryCatalogue<Row & { success: boolean; checksum: string }>(
        database,
        `select version::text, installed_on as applied_at, (execution_time / 1000000)::float8 as execution_ms, success,
                encode(checksum, 'hex') as checksum
           from ${table}`,
      );
      const failed = rows.find((row) => !row.success);
      if (failed !== undefined) throw unfinished(`sqlx recorded that version ${failed.version} failed`);
      return {
        kind: "records",
        records: rows.map((row) => ({
          ...toRecord(row),
          isFile: (bytes) => createHash("sha384").update(bytes).digest("hex") === row.checksum,
        })),
      };
    },
  },
  // https://documentation.red-gate.com/flyway: repeatable migrations have no version.
  flyway: {
    tables: ["flyway_schema_history", "schema_version"],
    async read(database, table) {
      const rows = await queryCatalogue<Row & { success: boolean; type: string }>(
        database,
        `select version::text, installed_on::timestamptz as applied_at, installed_by::text as applied_by,
                execution_time::float8 as execution_ms, success, type::text
           from ${table} where version is not null order by installed_rank`,
      );
      const failed = rows.find((row) => !row.success);
      if (failed !== undefined) throw unfinished(`Flyway recorded that version ${failed.version} failed`);
      const records = new Map<string, ForeignRecord>();
      let baseline: string | undefined;
      for (const row of rows) {
        // `flyway undo`, and `flyway repair` for a migration whose file is gone.
        if (row.type.startsWith("UNDO") || row.type === "DELETE") records.delete(row.version);
        // `flyway baseline`, or a baseline migration: what is older was never looked at.
        else if (row.type === "BASELINE" || row.type === "SQL_BASELINE") baseline = row.version;
        else records.set(row.version, toRecord(row));
      }
      return { kind: "records", records: [...records.values()], baseline };
    },
  },
  // https://github.com/fraiseql/confiture: the table had another name in its first versions; later ones keep the
  // stages of online migrations beside it.
  "confiture-py": {
    tables: ["tb_confiture", "confiture_migrations"],
    async read(database, table) {
      await refuseUnfinishedStages(database, table.replace(/"$/, '_steps"'));
      const rows = await queryCatalogue<Row>(
        database,
        `select version::text, applied_at::timestamptz as applied_at, execution_time_ms::float8 as execution_ms
           from ${table}`,
      );
      return { kind: "records", records: rows.map(toRecord) };
    },
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

/**
 * Reads another tool's history.
 * @param tool a key of `OTHER_TOOLS`
 * @param tableName its table, where that is not where the tool puts it
 * @throws ConfitureError `adoption_refused`
 */
export async function readForeignHistory(
  database: Database,
  tool: string,
  tableName: string | undefined,
): Promise<ForeignHistory> {
  const definition = OTHER_TOOLS[tool];
  if (definition === undefined) throw new ConfitureError("internal", `unknown tool ${tool}`);
  const table = await findTable(database, tool, tableName === undefined ? definition.tables : [tableName]);
  try {
    return await definition.read(database, table);
  } catch (error) {
    // 42703 is undefined_column: a table of that name, but another tool's.
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "42703") throw error;
    throw new ConfitureError("adoption_refused", `${table} is not a history of ${tool}: ${error.server.message}`, {
      hint: "Name the table with --from-table, or another tool with --from.",
    });
  }
}

async function findTable(database: Database, tool: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const parsed = parseQualifiedName(name);
    if (parsed === undefined) throw new ConfitureError("usage", `--from-table is a table's name, not "${name}"`);
    const found = await queryCatalogue<{ schema: string }>(
      database,
      `select n.nspname::text as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relname = $1 and c.relkind in ('r', 'p') and ($2::text is null or n.nspname = $2) and n.nspname !~ '^pg_temp'`,
      [parsed.name, parsed.schema ?? null],
    );
    if (found.length > 1) {
      throw new ConfitureError("adoption_refused", `There are several tables "${parsed.name}"`, {
        hint: `Say which: ${found.map(({ schema }) => `--from-table ${schema}.${parsed.name}`).join(" or ")}`,
      });
    }
    if (found[0] !== undefined) return quoteQualified(found[0].schema, parsed.name);
  }
  throw new ConfitureError("adoption_refused", `There is no table ${names.join(" or ")} in this database`, {
    hint: `That is where ${tool} keeps its history. If yours is elsewhere: --from-table schema.table`,
  });
}

function unfinished(what: string): ConfitureError {
  return new ConfitureError("adoption_refused", `${what}: what is in the database is not known`, {
    hint: "Put it right with that tool first, then take its history over.",
  });
}
