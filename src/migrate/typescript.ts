import { resolve } from "node:path";
import { ConfitureError, type Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { locateInFile } from "#sql/position.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import type { TypeScriptBody } from "./body.ts";
import { Migration } from "./migration.ts";
import { canonicalVersion } from "./version.ts";

let registered = false;

/** Makes `import { Migration } from "confiture"` work for files on disk, with no node_modules. */
function registerModule(): void {
  if (registered) return;
  registered = true;
  Bun.plugin({
    name: "confiture",
    setup(build) {
      build.module("confiture", () => ({ exports: { Migration }, loader: "object" }));
    },
  });
}

/**
 * Imports a TypeScript migration.
 * @throws ConfitureError `migration_invalid` with the place in the file where it is known
 */
export async function loadTypeScript(
  projectDir: string,
  file: MigrationFile,
): Promise<{ up: TypeScriptBody; down: TypeScriptBody | undefined }> {
  registerModule();
  const absolutePath = resolve(projectDir, file.path);
  // Bun takes what follows a "?" for a query (also percent-encoded in a file: URL) and says the file is not there.
  if (absolutePath.includes("?")) {
    throw invalid(
      file.path,
      `${file.path} cannot be loaded: there is a "?" in its path, ${absolutePath}`,
      "Rename the file or folder, or write the migration in SQL.",
    );
  }
  let exported: unknown;
  try {
    exported = ((await import(absolutePath)) as { default?: unknown }).default;
  } catch (cause) {
    throw importFailed(file.path, absolutePath, cause);
  }
  const create = constructorOf(file, absolutePath, exported);
  const sample = create();
  requireAgreement(file, "version", sample.version, (a, b) => canonicalVersion(a) === canonicalVersion(b));
  requireAgreement(file, "name", sample.name, (a, b) => a === b);
  const body = (method: "up" | "down"): TypeScriptBody => ({
    kind: "typescript",
    file: file.path,
    absolutePath,
    method,
    create,
    transactional: sample.transaction !== false,
  });
  return { up: body("up"), down: typeof sample.down === "function" ? body("down") : undefined };
}

function constructorOf(file: MigrationFile, absolutePath: string, exported: unknown): () => Migration {
  if (typeof exported !== "function" || !(exported.prototype instanceof Migration)) {
    const found = exported === undefined ? "it has no default export" : "its default export is something else";
    throw invalid(
      file.path,
      `${file.path} does not export a migration: ${found}`,
      'Begin it like this:\n  import { Migration } from "confiture";\n  export default class AddBio extends Migration {\n    up() { this.execute(`...`); }\n  }',
    );
  }
  const MigrationClass = exported as new () => Migration;
  if (typeof MigrationClass.prototype.up !== "function") {
    throw invalid(file.path, `The class in ${file.path} has no method up()`, "Add one: up() { this.execute(`...`); }");
  }
  return () => {
    try {
      return new MigrationClass();
    } catch (cause) {
      throw thrown(file.path, absolutePath, cause, `The class in ${file.path} cannot be constructed`);
    }
  };
}

function requireAgreement(
  file: MigrationFile,
  field: "version" | "name",
  value: unknown,
  agrees: (a: string, b: string) => boolean,
): void {
  if (value === undefined || (typeof value === "string" && agrees(value, file[field]))) return;
  throw invalid(
    file.path,
    `The class says ${field} ${JSON.stringify(value)}, the file name says "${file[field]}" (${migrationId(file)})`,
    `Make them agree, or leave ${field} out of the class: the file name is enough.`,
  );
}

function invalid(path: string, message: string, hint: string): ConfitureError {
  return new ConfitureError("migration_invalid", message, { location: { file: path }, hint });
}

/** What Bun says about a file that does not parse or an import that does not resolve. */
interface BuildMessage {
  readonly message: string;
  readonly position: { file: string; line: number; column: number; lineText: string } | null;
}

function importFailed(path: string, absolutePath: string, cause: unknown): ConfitureError {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const { message, position } = first as Partial<BuildMessage>;
  const missing = first as { readonly specifier?: unknown; readonly referrer?: unknown };
  if (typeof missing.specifier === "string" && typeof missing.referrer === "string") {
    return new ConfitureError("migration_invalid", `${path} cannot be loaded: "${missing.specifier}" is not there`, {
      location: placeOfImport(missing.specifier, missing.referrer, path, absolutePath),
      hint: "Imports are relative to the file they stand in; packages are looked for in node_modules of the project.",
      cause,
    });
  }
  if (position === undefined || position === null) {
    return thrown(path, absolutePath, cause, `${path} failed while it was loaded`);
  }
  return new ConfitureError("migration_invalid", `${path} cannot be loaded: ${message}`, {
    // An imported helper may be what does not parse.
    location: {
      file: position.file === absolutePath ? path : position.file,
      line: position.line,
      column: position.column,
      sourceLine: position.lineText,
    },
    cause,
  });
}

function placeOfImport(specifier: string, referrer: string, path: string, absolutePath: string): Location {
  const file = referrer === absolutePath ? path : referrer;
  try {
    const text = readRegularFile(referrer, file).toString();
    const at = text.search(new RegExp(`["'\`]${RegExp.escape(specifier)}["'\`]`));
    return at < 0 ? { file } : locateInFile(file, text, at);
  } catch {
    return { file };
  }
}

/** An error thrown by the user's own code, with the place it was thrown at. */
export function thrown(path: string, absolutePath: string, cause: unknown, message: string): ConfitureError {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new ConfitureError("migration_failed", `${message}: ${text}`, {
    location: placeInStack(cause, path, absolutePath) ?? { file: path },
    cause,
  });
}

/** The topmost line of an error's stack that lies in the migration's own file. */
export function placeInStack(error: unknown, path: string, absolutePath: string): Location | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  for (const frame of error.stack.split("\n")) {
    const at = frame.indexOf(`${absolutePath}:`);
    if (at < 0) continue;
    const [line, column] = frame
      .slice(at + absolutePath.length + 1)
      .split(/[:)]/)
      .map(Number);
    if (line === undefined || Number.isNaN(line)) continue;
    const sourceLine = readRegularFile(absolutePath, path).toString().split(/\r?\n/)[line - 1];
    return {
      file: path,
      line,
      ...(column === undefined || Number.isNaN(column) ? {} : { column }),
      ...(sourceLine === undefined ? {} : { sourceLine }),
    };
  }
  return undefined;
}
