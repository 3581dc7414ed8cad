import type { Database } from "#database/database.ts";
import { runStatements } from "#database/run-script.ts";
import type { Script } from "#database/script.ts";
import type { Statement } from "#sql/statement.ts";

/** Runs the statements that are a migration's own; the runner's are not among them. For whoever watches what each of them does. */
export interface Performer {
  /** Whether it ends what takes too long itself. */
  readonly limitsItself?: true;
  /** Whether it sends what it is given, as it is, so that a whole migration may go in one round trip. */
  readonly sendsAtOnce?: true;
  /** Neighbouring statements of a script; of a TypeScript migration's, `script` is the text of one call. */
  statements(database: Database, script: Script, statements: readonly Statement[]): Promise<void>;
  /** One statement of a TypeScript migration, with parameters or with rows that the migration waits for. */
  query(database: Database, script: Script, sql: string, parameters: readonly unknown[]): Promise<object[]>;
}

/** Sends them with few round trips, as they are. */
export const DIRECTLY: Performer = {
  sendsAtOnce: true,
  statements: runStatements,
  query: (database, _script, sql, parameters) => database.query(sql, parameters),
};
