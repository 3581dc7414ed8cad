import { decodeSql, ownTransaction, parseScript, type Script, withoutStatements } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import {
  cannotRunInTransaction,
  setsTransaction,
  transactionControl,
  type TransactionUse,
  unwrapTransaction,
} from "#sql/classify.ts";
import { locateInFile } from "#sql/position.ts";
import { type Body, lazyMigration, type LoadedMigration, type RefusedBody, type SqlBody } from "./body.ts";
import type { MigrationFile } from "./migration-file.ts";
import { languageOf } from "./layouts/foreign-program.ts";
import { cutFile } from "./layouts/cut.ts";
import type { Section, Sections } from "./sections.ts";

/** sha256 of the file in hex, with CRLF folded to LF so that a checkout on Windows is the same migration. */
export function checksumOf(projectDir: string, file: MigrationFile): string {
  return hash(readMigration(projectDir, file.path));
}

function hash(bytes: Uint8Array): string {
  const first = bytes.indexOf(13);
  if (first < 0) return Bun.SHA256.hash(bytes, "hex");
  const digest = new Bun.CryptoHasher("sha256");
  let from = 0;
  for (let at = first; at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] !== 10) continue;
    digest.update(bytes.subarray(from, at));
    from = at + 1;
  }
  return digest.update(bytes.subarray(from)).digest("hex");
}

function readMigration(projectDir: string, path: string): Uint8Array {
  return readRegularFile(`${projectDir}/${path}`, path);
}

/**
 * Reads a migration. What is wrong with a way of it, and can be known before it runs, is in that way: a `RefusedBody`.
 * @param signal ends the wait for a TypeScript file that does not finish
 * @throws ConfitureError `file_unreadable`, and for TypeScript `migration_invalid`, `migration_failed`, `interrupted`
 */
export async function loadMigration(
  projectDir: string,
  file: MigrationFile,
  signal?: AbortSignal,
): Promise<LoadedMigration> {
  const bytes = readMigration(projectDir, file.path);
  const checksum = hash(bytes);
  if (file.form === "typescript") {
    const { loadTypeScript } = await import("./typescript.ts");
    return { file, checksum, ...(await loadTypeScript(projectDir, file, signal)) };
  }
  if (file.form === "foreign") {
    const refused: RefusedBody = { kind: "refused", error: foreign(file) };
    return { file, checksum, up: refused, down: refused };
  }
  const read = once(() => readSections(file, file.path, bytes, "up"));
  return lazyMigration(
    file,
    checksum,
    () => orRefused(() => upBody(file, read())),
    () => (file.form === "sql-pair" ? downFile(projectDir, file) : orRefused(() => downSection(file, read()))),
  );
}

/** A SQL file, cut into its ways. */
interface SqlFile {
  readonly path: string;
  readonly text: string;
  readonly sections: Sections;
}

function readSections(file: MigrationFile, path: string, bytes: Uint8Array, opening: "up" | "down"): SqlFile {
  const text = decodeSql(path, bytes);
  return { path, text, sections: cutFile(file, path, text, opening) };
}

function upBody(file: MigrationFile, { path, text, sections }: SqlFile): Body {
  if (file.form === "sql-pair" && sections.down !== undefined) {
    throw new ConfitureError("migration_invalid", `${path} has a \`-- migrate:down\` section`, {
      hint: "A .up.sql file has its way back in the .down.sql beside it.",
      location: { file: path },
    });
  }
  return sqlBody(file, path, text, sections.main);
}

function downSection(file: MigrationFile, { path, text, sections }: SqlFile): Body | undefined {
  return sections.down === undefined ? undefined : sqlBody(file, path, text, sections.down);
}

function downFile(projectDir: string, file: MigrationFile): Body | undefined {
  const { downPath } = file;
  if (downPath === undefined) return undefined;
  return orRefused(() => {
    const { path, text, sections } = readSections(file, downPath, readMigration(projectDir, downPath), "down");
    return sqlBody(file, path, text, sections.main);
  });
}

function foreign({ path, version }: MigrationFile): ConfitureError {
  return new ConfitureError("migration_foreign", `${path} is ${languageOf(path)}, which cannot run here`, {
    hint: `What comes after it may need what it does. Run it with its own tool, then record it: confiture migrate resolve ${version} --applied\nOr write it anew, in SQL.`,
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

/**
 * @throws ConfitureError `migration_mixed`, `sql_transaction_control`, `sql_psql_command`, `sql_unterminated`, `file_conflict_marker`
 */
function sqlBody(file: MigrationFile, path: string, text: string, section: Section): SqlBody {
  const script = parseScript(path, section.text ?? text, section.start, section.end);
  const transaction = section.transaction ?? file.transaction;
  const { howToRunOutside } = section;
  const outside = (): SqlBody => ({ kind: "sql", script, transactional: false, opening: undefined, howToRunOutside });
  if (transaction === false) {
    requireCommit(script);
    return outside();
  }
  const use = unwrapTransaction(script.statements);
  // As golang-migrate and sqlx run it.
  if (use.kind === "blocks" && transaction === undefined) return outside();
  if (use.kind === "blocks" || use.kind === "control") {
    throw ownTransaction(script, `Remove it. To control transactions yourself, ${howToRunOutside}`);
  }
  const inner = withoutControl(script, use);
  const loner = inner.statements.find((statement) => cannotRunInTransaction(statement) !== undefined);
  if (loner === undefined) {
    const [first] = inner.statements;
    const modes = use.kind === "wrapped" ? use.modes : "";
    const isSet = modes !== "" || (first !== undefined && setsTransaction(first));
    const opening = isSet ? `begin ${modes}`.trimEnd() : undefined;
    return { kind: "sql", script: inner, transactional: true, opening, howToRunOutside };
  }
  const noneCan = script.statements.every((statement) => cannotRunInTransaction(statement) !== undefined);
  if (noneCan && transaction === undefined) return outside();
  throw new ConfitureError(
    "migration_mixed",
    `${cannotRunInTransaction(loner)} cannot run inside a transaction, which the rest of this migration has`,
    {
      location: locateInFile(path, text, loner.start),
      hint: `Move it to a migration of its own. To run every statement of this one by itself, ${howToRunOutside}`,
    },
  );
}

function withoutControl(script: Script, use: TransactionUse): Script {
  switch (use.kind) {
    case "wrapped":
      return withoutStatements(script, use.inner, [use.begin, use.commit]);
    case "begun":
      return withoutStatements(script, use.inner, use.begins);
    default:
      return script;
  }
}

/** A transaction of the file's own that it never ends: psql would roll it back, and say nothing. */
function requireCommit(script: Script): void {
  const controls = script.statements.filter((statement) => transactionControl(statement) !== undefined);
  const last = controls.at(-1);
  const verb = last === undefined ? undefined : transactionControl(last);
  if (last === undefined || (verb !== "BEGIN" && verb !== "START TRANSACTION")) return;
  throw new ConfitureError("sql_transaction_control", `${verb} without a COMMIT`, {
    location: locateInFile(script.file, script.text, last.start),
    hint: "Add the COMMIT, or remove the BEGIN: outside a transaction every statement commits by itself.",
  });
}
