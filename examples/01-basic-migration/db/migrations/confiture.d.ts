// Editor types for TypeScript migrations. Written by `confiture init`; the module itself is in the executable.
declare module "confiture" {
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
    /** Shows how far a long migration has come, at most once a second. */
    progress(done: number, total?: number): Promise<void>;
  }
}
