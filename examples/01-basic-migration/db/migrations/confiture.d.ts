// Editor types for TypeScript migrations. Written by `confiture init`; the module itself is in the executable.
declare module "confiture" {
  /** What is filled, and how. */
  export interface Backfill {
    /** "public.users"; a plain text in the file, as `change` and `after`, since planning runs no code. */
    readonly table: string;
    /** One UPDATE, DELETE or INSERT ... SELECT whose WHERE says which rows are not done yet. */
    readonly sql: string;
    /** Columns of a unique index, or "ctid" for a table that has none; the primary key where it is left out. */
    readonly key?: string | readonly string[];
    /** Rows in a batch; "auto" follows the time that batches take. */
    readonly batch?: number | "auto";
    /** Between two batches: milliseconds, or "50ms". */
    readonly pause?: number | string;
    /** Whether the table's own triggers fire; an UPDATE of a table that has some must say. */
    readonly triggers?: "on" | "off";
    /** Allows values that differ from run to run, such as random ones. */
    readonly once?: boolean;
    /** The change that it is a part of. */
    readonly change?: string;
    /** Versions that have to be done before, with commas between them. */
    readonly after?: string;
  }

  /**
   * A migration. Statements run in the order they are asked for, and the runner waits for all of them,
   * awaited or not.
   */
  export abstract class Migration {
    /** May be left out; where given it must agree with the file name. */
    readonly version?: string;
    /** May be left out; where given it must agree with the file name. */
    readonly name?: string;
    /** `false` runs every statement by itself, for what PostgreSQL refuses inside a transaction. */
    readonly transaction?: boolean;

    /** Applies the change. */
    abstract up(): void | Promise<void>;
    /** Takes it back. Without it the migration is irreversible. */
    down?(): void | Promise<void>;

    /** Runs one or many statements, or one with $1-style parameters. */
    execute(sql: string, parameters?: readonly unknown[]): Promise<void>;
    /** Runs one statement and returns its rows. */
    query<Row extends object = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
    /** Runs a SQL file; the path is relative to the migration's own folder. */
    executeFile(path: string): Promise<void>;
    /**
     * Fills a table in batches, each committed with how far it came: killed, the next run goes on there. It is all that its
     * migration does; `up` computes what it asks for, and runs without a database.
     */
    backfill(options: Backfill): Promise<void>;
    /** Shows how far a long migration has come, at most once a second. */
    progress(done: number, total?: number): Promise<void>;
  }
}
