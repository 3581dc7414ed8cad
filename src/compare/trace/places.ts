import { join } from "node:path";
import { placeIn, type Script } from "#database/script.ts";
import type { Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { backfillOf, type LoadedMigration } from "#migrate/files/body.ts";
import { locateInFile } from "#sql/position.ts";
import type { Statement } from "#sql/statement.ts";
import { placeInSql } from "#migrate/run/place-in-sql.ts";
import type { StatementError, StatementFacts } from "./facts.ts";

/** Where the statements of a migration stand. */
export class Places {
  readonly #projectDir: string;
  readonly #migration: LoadedMigration;
  /** Behind the last call that was found in a TypeScript file. */
  #foundUpTo = 0;

  /** Where the statement that was looked for last stands in it. */
  #found: { readonly source: string; readonly at: number } | undefined;

  constructor(projectDir: string, migration: LoadedMigration) {
    this.#projectDir = projectDir;
    this.#migration = migration;
  }

  of(
    script: Script,
    statement: Statement,
    inTransaction: boolean,
  ): Pick<StatementFacts, "sql" | "place" | "span" | "sent" | "inTransaction" | "inBatches"> {
    const { up } = this.#migration;
    const isOwnText = up.kind !== "typescript" && script.outline === undefined;
    const place = this.#placeOf(script, statement);
    return {
      sql: statement.text,
      place,
      span: isOwnText ? { start: statement.start, end: statement.end } : undefined,
      sent:
        up.kind === "typescript"
          ? { text: statement.source, start: statement.start, place: this.#placeOfCall(place, statement) }
          : undefined,
      inTransaction,
      inBatches: backfillOf(up) !== undefined,
    };
  }

  /** An error of the statement whose place was asked for last: of a call in TypeScript, it counts lines from the beginning of that. */
  located(error: StatementError, script: Script, statement: Statement, place: Location): StatementError {
    const { up } = this.#migration;
    if (up.kind !== "typescript" || script.file !== up.file) return error;
    const found = this.#found;
    const inStatement = placeInSql(error.error, statement.source) - statement.start;
    const location =
      found === undefined ? place : locateInFile(up.file, found.source, found.at + Math.max(0, inStatement));
    return { ...error, error: error.error.with({ location }) };
  }

  /** Of the statement that was looked for last. */
  #placeOfCall({ file }: Location, { source, start }: Statement): Location | undefined {
    const found = this.#found;
    return found?.source.startsWith(source, found.at - start) === true
      ? locateInFile(file, found.source, found.at - start)
      : undefined;
  }

  #placeOf(script: Script, statement: Statement): Location {
    const { up } = this.#migration;
    if (up.kind !== "typescript" || script.file !== up.file) return placeIn(script, statement.start);
    this.#found = undefined;
    const source = readRegularFile(join(this.#projectDir, up.file), up.file).toString();
    const behind = source.indexOf(statement.text, this.#foundUpTo);
    const at = behind < 0 ? source.indexOf(statement.text) : behind;
    if (at < 0) return { file: up.file };
    this.#found = { source, at };
    this.#foundUpTo = at + statement.text.length;
    return locateInFile(up.file, source, at);
  }
}
