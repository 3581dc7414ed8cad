import { join } from "node:path";
import { placeIn, type Script } from "#database/script.ts";
import type { Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { backfillOf, type LoadedMigration } from "#migrate/files/body.ts";
import { locateInFile } from "#sql/position.ts";
import type { Statement } from "#sql/statement.ts";
import type { StatementFacts } from "./facts.ts";

/** Where the statements of a migration stand. */
export class Places {
  readonly #projectDir: string;
  readonly #migration: LoadedMigration;
  /** Behind the last call that was found in a TypeScript file. */
  #foundUpTo = 0;

  constructor(projectDir: string, migration: LoadedMigration) {
    this.#projectDir = projectDir;
    this.#migration = migration;
  }

  of(
    script: Script,
    statement: Statement,
    inTransaction: boolean,
  ): Pick<StatementFacts, "sql" | "place" | "span" | "inTransaction" | "inBatches"> {
    const { up } = this.#migration;
    const isOwnText = up.kind !== "typescript" && script.outline === undefined;
    return {
      sql: statement.text,
      place: this.#placeOf(script, statement),
      span: isOwnText ? { start: statement.start, end: statement.end } : undefined,
      inTransaction,
      inBatches: backfillOf(up) !== undefined,
    };
  }

  #placeOf(script: Script, statement: Statement): Location {
    const { up } = this.#migration;
    if (up.kind !== "typescript" || script.file !== up.file) return placeIn(script, statement.start);
    const source = readRegularFile(join(this.#projectDir, up.file), up.file).toString();
    const behind = source.indexOf(statement.text, this.#foundUpTo);
    const at = behind < 0 ? source.indexOf(statement.text) : behind;
    if (at < 0) return { file: up.file };
    this.#foundUpTo = at + statement.text.length;
    return locateInFile(up.file, source, at);
  }
}
