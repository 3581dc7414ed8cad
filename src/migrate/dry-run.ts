import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Statement } from "#sql/statement.ts";
import type { MigrationFile } from "./discover.ts";
import { createLedgerSql, insertSql, type Ledger, TRANSACTION_MS } from "./ledger.ts";
import type { Body, LoadedMigration } from "./body.ts";
import type { MigrateOptions } from "./exclusive.ts";
import { load } from "./migrator.ts";
import { status } from "./status.ts";
import { planUp, type PlanUpOptions } from "./plan.ts";

/** What `up` would do with one migration. */
export interface PlannedMigration {
  readonly file: MigrationFile;
  readonly transactional: boolean;
  /** Each is sent as it stands here; the ledger's own statements are among them. */
  readonly statements: readonly string[];
  /** Why the SQL is not all there: a TypeScript migration that reads rows decides by what it reads. */
  readonly incomplete: string | undefined;
}

/**
 * The SQL that `up` would run, without running it: reads files and ledger, takes no lock, creates nothing.
 * @throws ConfitureError as `up`, for everything that would stop it before the first migration
 */
export async function dryRunUp(options: MigrateOptions, plan: PlanUpOptions): Promise<PlannedMigration[]> {
  const { history, ledger } = await status(options);
  const migrations = await load(planUp(history, plan), "up", options);
  const planned: PlannedMigration[] = [];
  for (const [index, migration] of migrations.entries()) {
    const preparation = index === 0 && !ledger.exists ? [createLedgerSql(ledger)] : [];
    const { statements, incomplete } = await record(migration.up);
    planned.push({
      file: migration.file,
      transactional: migration.up.transactional,
      statements: [...preparation, ...wrap(migration, statements, ledger, options)],
      incomplete,
    });
  }
  return planned;
}

function wrap(
  migration: LoadedMigration,
  statements: readonly string[],
  ledger: Ledger,
  options: MigrateOptions,
): string[] {
  const { file, checksum, up } = migration;
  const insert = insertSql(ledger, { ...file, checksum }, options.toolVersion, {
    state: "applied",
    ...(up.transactional ? { executionMs: TRANSACTION_MS } : {}),
  });
  return up.transactional ? ["begin", ...statements, insert, "commit"] : [...statements, insert];
}

async function record(body: Body): Promise<{ statements: string[]; incomplete: string | undefined }> {
  if (body.kind === "sql") {
    const { text, statements } = body.script;
    return {
      statements: statements.map(({ start, end, copyData }) =>
        copyData === undefined
          ? text.slice(start, end)
          : `${text.slice(start, end)};\n${text.slice(copyData.start, copyData.end)}\\.`,
      ),
      incomplete: undefined,
    };
  }
  const statements: string[] = [];
  const { runTypeScript } = await import("./statement-queue.ts");
  try {
    const outside = {
      skip: 0,
      runStep: (unit: readonly Statement[], work: (part: typeof unit) => Promise<void>) => work(unit),
    };
    await runTypeScript(body, {
      database: recorder(statements),
      outside: body.transactional ? undefined : outside,
    });
    return { statements, incomplete: undefined };
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.data?.["asksForRows"] !== true) throw error;
    return { statements, incomplete: error.message };
  }
}

/** Takes statements down instead of running them. */
function recorder(statements: string[]): Database {
  return {
    engine: "embedded",
    backendPid: 0,
    pooled: false,
    serverVersion: 0,
    execute: async (sql) => void statements.push(sql),
    query: async (sql, parameters = []) => {
      const [line] = sql.trim().split("\n");
      throw new ConfitureError("migration_failed", `It asks for rows or passes parameters: ${line}`, {
        data: { asksForRows: true, parameters },
      });
    },
    copyIn: async (sql) => void statements.push(sql),
    close: async () => {},
  };
}
