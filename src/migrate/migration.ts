/** What `Migration` needs from the runner: where its statements go. */
export interface StatementSink {
  execute(sql: string, parameters: readonly unknown[]): Promise<void>;
  query<Row extends object>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
  executeFile(path: string): Promise<void>;
  progress(done: number, total: number | undefined): Promise<void>;
  backfill(options: BackfillOptions): Promise<void>;
}

/** A backfill (docs/formats.md, "Backfills"): the options of its marker, and its statement. */
export interface BackfillOptions {
  /** "public.users"; like `change` and `after` a plain text in the file, since planning runs no code. */
  readonly table: string;
  /** One UPDATE, DELETE or INSERT ... SELECT whose WHERE says what is not done yet. */
  readonly sql: string;
  /** Columns of a unique index, or "ctid"; the primary key where it is left out. */
  readonly key?: string | readonly string[];
  readonly batch?: number | "auto";
  /** Between two batches: milliseconds, or "50ms". */
  readonly pause?: number | string;
  readonly triggers?: "on" | "off";
  readonly once?: boolean;
  readonly change?: string;
  readonly after?: string;
}

const sinks = new WeakMap<Migration, StatementSink>();

/** Connects an instance to the runner. Not part of what a migration sees. */
export function connectMigration(migration: Migration, sink: StatementSink): void {
  sinks.set(migration, sink);
}

function sinkOf(migration: Migration): StatementSink {
  const sink = sinks.get(migration);
  if (sink === undefined) throw new Error("statements can only be run inside up() or down()");
  return sink;
}

/**
 * The class that TypeScript migrations extend. Statements run in the order they were asked for, and the
 * runner waits for all of them, awaited or not; one that is asked for after the end of `up` or `down` is a failure.
 */
export abstract class Migration {
  /** May be left out; where given it must agree with the file name. */
  readonly version?: string;
  readonly name?: string;
  /** `false` runs every statement on its own, for what PostgreSQL refuses inside a transaction. */
  readonly transaction?: boolean;

  abstract up(): void | Promise<void>;
  down?(): void | Promise<void>;

  /** Runs SQL: one or many statements, or one with `$1`-style parameters. */
  execute(sql: string, parameters: readonly unknown[] = []): Promise<void> {
    return sinkOf(this).execute(sql, parameters);
  }

  /** Runs one statement and returns its rows. */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<Row[]> {
    return sinkOf(this).query<Row>(sql, parameters);
  }

  /** Runs a SQL file; the path is relative to the migration's own folder. */
  executeFile(path: string): Promise<void> {
    return sinkOf(this).executeFile(path);
  }

  /**
   * Fills a table in batches, each committed with how far it came; killed, the next run goes on there. It is all that its migration
   * does: `up` only computes what it asks for, and runs without a database.
   */
  backfill(options: BackfillOptions): Promise<void> {
    return sinkOf(this).backfill(options);
  }

  /** Says how far it has come, for whoever watches. It has its turn among the statements. */
  progress(done: number, total?: number): Promise<void> {
    return sinkOf(this).progress(done, total);
  }
}
