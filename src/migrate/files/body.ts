import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { Direction } from "../events.ts";
import type { KeptText } from "../ledger/ledger.ts";
import { LAYOUTS } from "../layouts/registry.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { Backfill, Marks } from "../phases/phase.ts";

/** One direction of a migration, as far as it can be told before it runs. */
export type Body = RunnableBody | RefusedBody;

export type RunnableBody = SqlBody | TypeScriptBody;

/** What cannot run; `error` says why. */
export interface RefusedBody {
  readonly kind: "refused";
  readonly error: ConfitureError;
}

export interface SqlBody {
  readonly kind: "sql";
  readonly script: Script;
  readonly transactional: boolean;
  /**
   * How its transaction begins, where the file says something about that: "begin isolation level serializable", or
   * "begin" for a file whose first statement is SET TRANSACTION. Nothing may come between it and that statement.
   */
  readonly opening: string | undefined;
  /** What to write into this file so that it runs outside a transaction, for hints. */
  readonly howToRunOutside: string;
  /** What its marker says about phases. Whoever runs it whole can leave that out of account. */
  readonly marks?: Marks | undefined;
}

export interface TypeScriptBody {
  readonly kind: "typescript";
  /** The file, for messages. */
  readonly file: string;
  readonly absolutePath: string;
  readonly method: "up" | "down";
  readonly transactional: boolean;
  /** Set by a run that came to its end without a statement. */
  ranNothing?: boolean;
}

export interface LoadedMigration {
  readonly file: MigrationFile;
  readonly checksum: string;
  /** What the ledger is to keep of its texts. */
  readonly kept: KeptText;
  /** Read when it is first asked for, and so is `down`: what is wrong with one way does not stop the other. */
  readonly up: Body;
  /** Undefined when the migration has no way back. One without a statement is a way back that undoes nothing. */
  readonly down: Body | undefined;
}

/** What one of its ways says: the SQL, or the source of the code, which is the same for both. Pure. */
export function textOfWay(way: Body, { kept }: Pick<LoadedMigration, "kept">): string {
  return way.kind === "sql" ? way.script.text : (kept.source ?? "");
}

/** @param up, down called once at most, and not before they are needed */
export function lazyMigration(
  file: MigrationFile,
  recorded: Pick<LoadedMigration, "checksum" | "kept">,
  up: () => Body,
  down: () => Body | undefined,
): LoadedMigration {
  let readUp: { readonly body: Body } | undefined;
  let readDown: { readonly body: Body | undefined } | undefined;
  return {
    file,
    checksum: recorded.checksum,
    get kept() {
      return recorded.kept;
    },
    get up() {
      return (readUp ??= { body: up() }).body;
    },
    get down() {
      return (readDown ??= { body: down() }).body;
    },
  };
}

/** How a way up is run in batches, if it is. */
export function backfillOf(body: Body | undefined): Backfill | undefined {
  return body?.kind === "sql" ? body.marks?.backfill : undefined;
}

/** Whether a way back is there and has no statement; of code, as far as it has run. */
export function undoesNothing(down: Body | undefined): boolean {
  if (down?.kind === "typescript") return down.ranNothing === true;
  return down?.kind === "sql" && down.script.statements.length === 0;
}

/** @throws ConfitureError `migration_irreversible`, or why this way cannot run */
export function bodyOf(migration: LoadedMigration, direction: Direction): RunnableBody {
  const body = migration[direction];
  if (body?.kind === "refused") throw body.error;
  if (body !== undefined) return body;
  const { file } = migration;
  throw new ConfitureError("migration_irreversible", `${file.path} has no way back`, {
    hint: `Nothing was changed. ${wayBackHint(file, migration.kept.source)}`,
    location: { file: file.path },
  });
}

/** An applied file that gets a way back is an edited one, whose way up has to stay what it was. */
function wayBackHint({ form, layout, path, version }: MigrationFile, source: string | null): string {
  const hasUp = /^--\s*migrate:up\b/m.test(source ?? "");
  const accept = `Then: confiture migrate accept ${shellWord(version)}`;
  if (!LAYOUTS[layout].hasWaysBack) {
    return "Files of this layout have none: write a new migration that undoes the change.";
  }
  const own = LAYOUTS[layout].wayBackOf?.(path);
  if (form === "sql" && own !== undefined) return `To make it reversible, write its way back into ${own}.`;
  switch (form) {
    case "typescript":
      return `To make it reversible, add a method down() to its class. ${accept}`;
    case "sql-pair":
      // Diesel's folders hold up.sql; elsewhere the name tells.
      return /[./]up\.sql$/.test(path)
        ? `To make it reversible, add ${path.replace(/up\.sql$/, "down.sql")}.`
        : "To make it reversible, write its way back into a file of its own, where this layout has them.";
    case "sql":
      return layout === "confiture"
        ? `To make it reversible, ${hasUp ? "add" : "put the line -- migrate:up above its SQL, and add below it"} the line -- migrate:down and the way back. ${accept}`
        : `To make it reversible, add the way back to ${path}, as files of this layout have it. ${accept}`;
    case "foreign":
      return "To make it reversible, rewrite it in SQL, with its way back.";
  }
}
