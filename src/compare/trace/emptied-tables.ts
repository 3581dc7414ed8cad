import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { Statement } from "#sql/statement.ts";
import type { Relation, StatementFacts } from "./facts.ts";
import type { RowsInTheWay } from "./rows-in-the-way.ts";

/**
 * Gives rows again to tables in use that migrations have emptied: until the next one runs, applications write more of them. What the
 * migrations have done to some of the rows is done to the new ones as well, so that a clean-up is not taken for missing.
 */
export class EmptiedTables {
  /** Statements that change or delete some rows, in their order. */
  readonly #cleanUps: { readonly sql: string; readonly tables: ReadonlySet<string> }[] = [];

  /**
   * Before the next migration.
   * @returns tables that stay empty, because what was done to the old rows takes all of the new ones as well
   */
  async refill(database: Database, rows: RowsInTheWay, statements: readonly StatementFacts[]): Promise<string[]> {
    const touched = new Set<string>();
    for (const statement of statements) {
      const deletes = statement.rows.filter(({ deleted }) => deleted > 0);
      const truncates = isTruncate(statement) ? statement.held.filter(({ mode }) => mode === "ACCESS EXCLUSIVE") : [];
      for (const { name } of [...deletes, ...truncates].filter(isInUse)) touched.add(name);
      if (isCleanUp(statement)) {
        this.#cleanUps.push({ sql: statement.sql, tables: new Set(statement.rows.map(({ name }) => name)) });
      }
    }
    const empty = await this.#emptyOf(database, [...touched]);
    if (empty.length === 0) return [];
    await rows.refill(database, empty, false);
    for (const { sql, tables } of this.#cleanUps) {
      if (empty.some((name) => tables.has(name))) await cleanUp(database, sql);
    }
    return await this.#emptyOf(database, empty);
  }

  async #emptyOf(database: Database, tables: readonly string[]): Promise<string[]> {
    const empty: string[] = [];
    if (tables.length === 0) return empty;
    // A migration may have left its session with less.
    await database.execute("reset session authorization; reset role");
    for (const name of tables) {
      const [there] = await database.query("select where pg_catalog.to_regclass($1) is not null", [name]);
      if (there === undefined) continue;
      const [first] = await database.query<{ one: number }>(`select 1 as one from ${name} limit 1`);
      if (first === undefined) empty.push(name);
    }
    return empty;
  }
}

function isInUse({ isNew, kind }: Relation): boolean {
  return !isNew && kind === "table";
}

function isTruncate({ sql }: StatementFacts): boolean {
  return /^truncate\b/i.test(sql);
}

/** Whether it is about some rows alone, and was seen to change them. */
function isCleanUp({ sql, rows, error }: StatementFacts): boolean {
  if (error !== undefined || rows.length === 0 || !/^(?:update|delete|with)\b/i.test(sql)) return false;
  const tokens = Statement.of(sql).tokens();
  return tokens.includes("WHERE") || tokens[0] === "UPDATE";
}

/** What columns have become since may keep it from running, which is no matter. */
async function cleanUp(database: Database, sql: string): Promise<void> {
  try {
    await database.execute("begin");
    await database.execute(sql);
    await database.execute("commit");
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    await rollback(database);
  }
}
