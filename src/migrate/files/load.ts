import type { SqlText } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { type Body, lazyMigration, type LoadedMigration, type RefusedBody } from "./body.ts";
import type { KeptText } from "../ledger/ledger.ts";
import type { MigrationFile } from "./migration-file.ts";
import { languageOf } from "../layouts/foreign-program.ts";
import { emptyMigration, PLACEHOLDER } from "./empty.ts";
import { cutFile } from "../layouts/cut.ts";
import { LAYOUTS } from "../layouts/registry.ts";
import { type MigrationSource, readMigrationSource } from "./migration-source.ts";
import type { importMigrations } from "./typescript.ts";
import type { readTypeScriptBackfill } from "./typescript-backfill.ts";
import { callsBackfill } from "./typescript-marks.ts";
import { isBase } from "./version.ts";
import { type SqlFile, sqlBody, sectionScript } from "./sql-body.ts";

/** The checksum of a migration's file. */
export function checksumOfFile(projectDir: string, file: MigrationFile): string {
  return readMigrationSource(projectDir, file.path).checksum;
}

/** What the ledger keeps of a migration's files: a checksum, and their texts where those are texts of some reasonable size. */
export interface Recorded {
  readonly checksum: string;
  readonly kept: KeptText;
}

/** @throws ConfitureError `file_unreadable` */
export function recordedOf(projectDir: string, file: MigrationFile): Recorded {
  return recorded(projectDir, file, readMigrationSource(projectDir, file.path));
}

function recorded(projectDir: string, file: MigrationFile, source: MigrationSource): Recorded {
  const { path, downPath } = file;
  return {
    checksum: source.checksum,
    // Read when it is recorded, and not for whoever only looks.
    get kept() {
      const sourceDown = downPath === undefined ? null : keptOf(projectDir, downPath);
      return { file: path, source: source.kept(), sourceDown };
    },
  };
}

/** What is wrong with a way back stops no way up. */
function keptOf(projectDir: string, path: string): string | null {
  try {
    return readMigrationSource(projectDir, path).kept();
  } catch (error) {
    if (error instanceof ConfitureError) return null;
    throw error;
  }
}

/**
 * Reads a migration. What is wrong with a way of it, and can be known before it runs, is in that way: a `RefusedBody`.
 * @param signal ends the wait for a TypeScript file that does not finish
 * @param imported TypeScript files that were imported before
 * @throws ConfitureError `file_unreadable`, and for TypeScript `migration_invalid`, `migration_failed`, `interrupted`
 */
export async function loadMigration(
  projectDir: string,
  file: MigrationFile,
  signal?: AbortSignal,
  imported?: Awaited<ReturnType<typeof importMigrations>>,
): Promise<LoadedMigration> {
  const source = readMigrationSource(projectDir, file.path);
  const kept = recorded(projectDir, file, source);
  if (file.form === "typescript") {
    const { importMigrations: importAll } = await import("./typescript.ts");
    const ways = (imported ?? (await importAll(projectDir, [file], signal))).get(file);
    if (ways === undefined) throw new Error("it comes behind one that could not be imported");
    if (ways instanceof ConfitureError) throw ways;
    const { up: code, down } = ways;
    const text = source.sql("whole").text;
    const up = callsBackfill(text) ? await backfillIn(file.path, code.absolutePath, text, signal) : code;
    return lazyMigration(
      file,
      kept,
      () => up,
      () => down,
    );
  }
  if (file.form === "foreign") {
    const refused: RefusedBody = { kind: "refused", error: foreign(file) };
    return lazyMigration(
      file,
      kept,
      () => refused,
      () => refused,
    );
  }
  const read = once(() => cut(file, source, "up"));
  return lazyMigration(
    file,
    kept,
    () => orRefused(() => requireStatements(file, read())),
    () => (file.form === "sql-pair" ? downFile(projectDir, file) : orRefused(() => downSection(file, read()))),
  );
}

async function backfillIn(...call: Parameters<typeof readTypeScriptBackfill>): Promise<Body> {
  const { readTypeScriptBackfill: read } = await import("./typescript-backfill.ts");
  try {
    return await read(...call);
  } catch (error) {
    if (error instanceof ConfitureError && error.code !== "interrupted") return { kind: "refused", error };
    throw error;
  }
}

/** The ways that a SQL migration would have if this were its text. */
export function waysOfText(file: MigrationFile, text: string): { readonly up: Body; readonly down: Body | undefined } {
  const read = once((): SqlFile => {
    const source: SqlText = { file: file.path, text };
    const sql: SqlFile = { source, sections: cutFile(file, source, "up"), oneByOne: () => sql };
    return sql;
  });
  return { up: orRefused(() => upBody(file, read())), down: orRefused(() => downSection(file, read())) };
}

function cut(file: MigrationFile, source: MigrationSource, opening: "up" | "down"): SqlFile {
  const read = (how: "together" | "apart" | "whole"): SqlFile => {
    const sql = source.sql(how);
    return { source: sql, sections: cutFile(file, sql, opening), oneByOne: once(() => read("apart")) };
  };
  const { template } = LAYOUTS[file.layout];
  // It is looked for in the middle of data as well.
  return read(template !== undefined && source.holds(template) ? "whole" : "together");
}

function upBody(file: MigrationFile, sql: SqlFile): Body {
  const { path } = file;
  if (file.form === "sql-pair" && sql.sections.down !== undefined) {
    throw new ConfitureError("migration_invalid", `${path} has a \`-- migrate:down\` section`, {
      hint: "A .up.sql file has its way back in the .down.sql beside it.",
      location: { file: path },
    });
  }
  return sqlBody(file, sql, ({ sections }) => sections.main);
}

/**
 * The way up, with something in it. Files of other tools, a pair's, and a base before which there is nothing may be empty on
 * purpose; one that still holds the template never is.
 * @throws ConfitureError `migration_empty`
 */
function requireStatements(file: MigrationFile, sql: SqlFile): Body {
  const body = upBody(file, sql);
  if (body.kind !== "sql" || body.script.statements.length > 0) return body;
  const mayBeEmpty = file.layout !== "confiture" || file.form === "sql-pair" || isBase(file.version);
  if (mayBeEmpty && !body.script.text.includes(PLACEHOLDER)) return body;
  const { down } = sql.sections;
  throw emptyMigration(file.path, down !== undefined && sectionScript(sql, down).statements.length > 0);
}

function downSection(file: MigrationFile, sql: SqlFile): Body | undefined {
  return sql.sections.down === undefined ? undefined : sqlBody(file, sql, ({ sections }) => sections.down!);
}

function downFile(projectDir: string, file: MigrationFile): Body | undefined {
  const { downPath } = file;
  if (downPath === undefined) return undefined;
  return orRefused(() => {
    return sqlBody(file, cut(file, readMigrationSource(projectDir, downPath), "down"), ({ sections }) => sections.main);
  });
}

function foreign({ path, version }: MigrationFile): ConfitureError {
  return new ConfitureError("migration_foreign", `${path} is ${languageOf(path)}, which cannot run here`, {
    hint: `What comes after it may need what it does. Run it with its own tool, then record it: confiture migrate resolve ${shellWord(version)} --applied\nOr rewrite it in SQL.`,
    location: { file: path },
  });
}

function orRefused<B extends Body | undefined>(read: () => B): B | RefusedBody {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfitureError) return { kind: "refused", error };
    throw error;
  }
}

function once<T>(read: () => T): () => T {
  let value: { readonly it: T } | undefined;
  return () => (value ??= { it: read() }).it;
}
