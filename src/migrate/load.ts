import { decodeSql, ownTransaction, parseScript, type Script, unwrapScript } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { cannotRunInTransaction, setsTransaction, transactionControl } from "#sql/classify.ts";
import { locateInFile } from "#sql/position.ts";
import type { LoadedMigration, SqlBody } from "./body.ts";
import type { MigrationFile } from "./migration-file.ts";
import { languageOf } from "./layouts/foreign-program.ts";
import { cutFile } from "./layouts/cut.ts";
import type { Section } from "./sections.ts";

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
 * Reads a migration and checks everything that can be known before it runs.
 * @throws ConfitureError `migration_invalid`, `migration_mixed`, `sql_transaction_control`, `file_*`, `sql_*`
 */
export async function loadMigration(projectDir: string, file: MigrationFile): Promise<LoadedMigration> {
  const bytes = readMigration(projectDir, file.path);
  const checksum = hash(bytes);
  switch (file.form) {
    case "typescript": {
      const { loadTypeScript } = await import("./typescript.ts");
      return { file, checksum, ...(await loadTypeScript(projectDir, file)) };
    }
    case "sql":
      return { file, checksum, ...loadSections(file, bytes) };
    case "sql-pair": {
      const up = loadSections(file, bytes);
      if (up.down !== undefined) {
        throw new ConfitureError("migration_invalid", `${file.path} has a \`-- migrate:down\` section`, {
          hint: "A .up.sql file has its way back in the .down.sql beside it.",
          location: { file: file.path },
        });
      }
      return { file, checksum, up: up.up, down: loadDownFile(projectDir, file) };
    }
    case "foreign":
      throw foreign(file);
  }
}

function loadSections(file: MigrationFile, bytes: Uint8Array): { up: SqlBody; down: SqlBody | undefined } {
  const text = decodeSql(file.path, bytes);
  const { main, down } = cutFile(file, file.path, text, "up");
  return {
    up: sqlBody(file, file.path, text, main),
    down: down === undefined ? undefined : emptyIsNone(sqlBody(file, file.path, text, down)),
  };
}

function loadDownFile(projectDir: string, file: MigrationFile): SqlBody | undefined {
  const path = file.downPath;
  if (path === undefined) return undefined;
  const text = decodeSql(path, readMigration(projectDir, path));
  return emptyIsNone(sqlBody(file, path, text, cutFile(file, path, text, "down").main));
}

function foreign({ path, version }: MigrationFile): ConfitureError {
  return new ConfitureError("migration_foreign", `${path} is ${languageOf(path)}, which cannot run here`, {
    hint: `What comes after it may need what it does. Run it with its own tool, then record it: confiture migrate resolve ${version} --applied\nOr write it anew, in SQL.`,
    location: { file: path },
  });
}

/** A `down` without a statement would claim to have undone what is still there. */
function emptyIsNone(body: SqlBody): SqlBody | undefined {
  return body.script.statements.length === 0 ? undefined : body;
}

function sqlBody(file: MigrationFile, path: string, text: string, section: Section): SqlBody {
  const script = parseScript(path, section.text ?? text, section.start, section.end);
  const transaction = section.transaction ?? file.transaction;
  const { howToRunOutside } = section;
  if (transaction === false) {
    requireCommit(script);
    return { kind: "sql", script, transactional: false, opening: undefined, howToRunOutside };
  }
  const unwrapped = unwrapScript(script);
  if (unwrapped === undefined) {
    throw ownTransaction(script, `Remove it. To control transactions yourself, ${howToRunOutside}`);
  }
  const { script: inner, modes } = unwrapped;
  const loner = inner.statements.find((statement) => cannotRunInTransaction(statement) !== undefined);
  if (loner === undefined) {
    const [first] = inner.statements;
    const isSet = modes !== "" || (first !== undefined && setsTransaction(first));
    const opening = isSet ? `begin ${modes}`.trimEnd() : undefined;
    return { kind: "sql", script: inner, transactional: true, opening, howToRunOutside };
  }
  if (script.statements.length === 1 && transaction === undefined) {
    return { kind: "sql", script, transactional: false, opening: undefined, howToRunOutside };
  }
  throw new ConfitureError(
    "migration_mixed",
    `${cannotRunInTransaction(loner)} cannot run inside a transaction, which the rest of this migration has`,
    {
      location: locateInFile(path, text, loner.start),
      hint: `Move it to a migration of its own. To run every statement of this one by itself, ${howToRunOutside}`,
    },
  );
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
