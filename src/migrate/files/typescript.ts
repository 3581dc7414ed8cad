import { resolve, sep } from "node:path";
import { ConfitureError, type Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { locateInFile } from "#sql/position.ts";
import type { TypeScriptBody } from "./body.ts";
import { type GuestEnd, loadInGuest } from "../guest/host.ts";
import type { Fault, GuestFacts, Said } from "../guest/messages.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import { canonicalVersion } from "./version.ts";

/** The ways of a TypeScript migration. */
export interface ImportedWays {
  readonly up: TypeScriptBody;
  readonly down: TypeScriptBody | undefined;
}

/**
 * Imports TypeScript migrations, one after the other, up to the first that cannot be. They take one message to their thread, and not one each.
 * @param signal ends the wait for a file that does not finish
 * @returns what became of each: of one that cannot be imported, `migration_invalid` or `migration_failed` with the place in the file
 * where it is known, and nothing of those behind it
 * @throws ConfitureError `interrupted`
 */
export async function importMigrations(
  projectDir: string,
  files: readonly MigrationFile[],
  signal: AbortSignal | undefined,
): Promise<Map<MigrationFile, ImportedWays | ConfitureError>> {
  const paths = files.map((file) => resolve(projectDir, file.path));
  const misnamed = files.findIndex((file, index) => refusedPath(file, paths[index]!) !== undefined);
  const end = await loadInGuest(misnamed < 0 ? paths : paths.slice(0, misnamed), signal);
  const isCut = end.fault !== undefined || end.ended !== undefined || misnamed >= 0;
  const loaded = isCut ? end.loaded.slice(0, files.length - 1) : end.loaded;
  return new Map(
    files.slice(0, loaded.length + 1).map((file, index) => {
      const facts = loaded[index];
      const absolutePath = paths[index]!;
      try {
        return [file, facts === undefined ? notLoaded(file, absolutePath, end) : waysOf(file, absolutePath, facts)];
      } catch (error) {
        if (error instanceof ConfitureError) return [file, error];
        throw error;
      }
    }),
  );
}

function refusedPath(file: MigrationFile, absolutePath: string): ConfitureError | undefined {
  // Bun takes what follows a "?" for a query (also percent-encoded in a file: URL) and a backslash for a slash, and then
  // says that the file is not there.
  const wrong = absolutePath.includes("?") ? "?" : sep === "/" && absolutePath.includes("\\") ? "\\" : undefined;
  if (wrong === undefined) return undefined;
  return invalid(
    file.path,
    `${file.path} cannot be loaded: there is a "${wrong}" in its path, ${absolutePath}`,
    "Rename the file or folder, or write the migration in SQL.",
  );
}

function notLoaded(file: MigrationFile, absolutePath: string, { ended, fault }: GuestEnd): ConfitureError {
  if (ended === undefined) return refusedPath(file, absolutePath) ?? importFailed(file.path, absolutePath, fault);
  return endedItself(file.path, absolutePath, `${file.path} cannot be loaded`, ended, fault);
}

function waysOf(file: MigrationFile, absolutePath: string, facts: GuestFacts): ImportedWays {
  requireMigration(file, facts);
  requireAgreement(file, "version", facts.version, (a, b) => canonicalVersion(a) === canonicalVersion(b));
  requireAgreement(file, "name", facts.name, (a, b) => a === b);
  const body = (method: "up" | "down"): TypeScriptBody => ({
    kind: "typescript",
    file: file.path,
    absolutePath,
    method,
    transactional: facts.transactional,
  });
  return { up: body("up"), down: facts.hasDown ? body("down") : undefined };
}

function requireMigration(file: MigrationFile, { exports, hasUp }: GuestFacts): void {
  if (exports !== "migration") {
    const found = exports === "nothing" ? "it has no default export" : "its default export is something else";
    throw invalid(
      file.path,
      `${file.path} does not export a migration: ${found}`,
      'Begin it like this:\n  import { Migration } from "confiture";\n  export default class AddBio extends Migration {\n    up() { this.execute(`...`); }\n  }',
    );
  }
  if (!hasUp) {
    throw invalid(file.path, `The class in ${file.path} has no method up()`, "Add one: up() { this.execute(`...`); }");
  }
}

function requireAgreement(
  file: MigrationFile,
  field: "version" | "name",
  value: Said | undefined,
  agrees: (a: string, b: string) => boolean,
): void {
  if (value === undefined || (value.text !== undefined && agrees(value.text, file[field]))) return;
  throw invalid(
    file.path,
    `The class says ${field} ${value.shown}, the file name says "${file[field]}" (${migrationId(file)})`,
    `Make them agree, or leave ${field} out of the class: the file name is enough.`,
  );
}

function invalid(path: string, message: string, hint: string): ConfitureError {
  return new ConfitureError("migration_invalid", message, { location: { file: path }, hint });
}

function importFailed(path: string, absolutePath: string, fault: Fault | undefined): ConfitureError {
  if (fault?.missing !== undefined) {
    const { specifier, referrer } = fault.missing;
    return new ConfitureError(
      "migration_invalid",
      `${path} cannot be loaded: it imports "${specifier}", which does not exist`,
      {
        location: placeOfImport(specifier, referrer, path, absolutePath),
        hint: "Imports are relative to the file they are in; packages are looked up in the project's node_modules.",
      },
    );
  }
  if (fault?.position === undefined) {
    const what = fault?.constructing === true ? `The class in ${path} cannot be constructed` : undefined;
    return thrown(path, absolutePath, fault, what ?? `${path} failed while it was loaded`);
  }
  const { file, line, column, lineText, message } = fault.position;
  return new ConfitureError("migration_invalid", `${path} cannot be loaded: ${message}`, {
    // An imported helper may be what does not parse.
    location: { file: file === absolutePath ? path : file, line, column, sourceLine: lineText },
  });
}

function placeOfImport(specifier: string, referrer: string, path: string, absolutePath: string): Location {
  const file = referrer === absolutePath ? path : referrer;
  try {
    const text = new TextDecoder().decode(readRegularFile(referrer, file));
    const at = text.search(new RegExp(`["'\`]${RegExp.escape(specifier)}["'\`]`));
    return at < 0 ? { file } : locateInFile(file, text, at);
  } catch {
    return { file };
  }
}

/** What a migration did instead of coming to its end. */
export function endedItself(
  path: string,
  absolutePath: string,
  what: string,
  ended: string,
  fault: Fault | undefined,
): ConfitureError {
  return new ConfitureError("migration_failed", `${what}: ${ended}`, {
    location: placeInStack(fault?.stack, path, absolutePath) ?? { file: path },
    hint:
      fault === undefined
        ? "It awaits a promise that nothing will ever settle, such as one whose resolve() is never called."
        : "A migration cannot end the process. To make it fail, throw an error.",
  });
}

/**
 * A statement that was asked for after `up` or `down` had come to its end.
 * @param outcome what that means, as the rest of the message
 */
export function askedLate(
  path: string,
  absolutePath: string,
  method: "up" | "down",
  stack: string | undefined,
  outcome: string,
): ConfitureError {
  return new ConfitureError(
    "migration_failed",
    `A statement was asked for after ${method}() of ${path} had ended${outcome}`,
    {
      location: placeInStack(stack, path, absolutePath) ?? { file: path },
      hint: `${method}() has to wait for everything that it begins: write await before each call of an async function, for ... of in place of forEach(async ...), and no setTimeout().`,
    },
  );
}

/** An error thrown by the user's own code, with the place it was thrown at. */
export function thrown(path: string, absolutePath: string, fault: Fault | undefined, message: string): ConfitureError {
  return new ConfitureError("migration_failed", `${message}: ${fault?.text ?? "nothing is known about it"}`, {
    location: placeInStack(fault?.stack, path, absolutePath) ?? { file: path },
  });
}

/** The topmost line of an error's stack that lies in the migration's own file. */
export function placeInStack(stack: string | undefined, path: string, absolutePath: string): Location | undefined {
  if (stack === undefined) return undefined;
  for (const frame of stack.split("\n")) {
    const at = frame.indexOf(`${absolutePath}:`);
    if (at < 0) continue;
    const [line, column] = frame
      .slice(at + absolutePath.length + 1)
      .split(/[:)]/)
      .map(Number);
    if (line === undefined || Number.isNaN(line)) continue;
    const sourceLine = new TextDecoder().decode(readRegularFile(absolutePath, path)).split(/\r?\n/)[line - 1];
    return {
      file: path,
      line,
      ...(column === undefined || Number.isNaN(column) ? {} : { column }),
      ...(sourceLine === undefined ? {} : { sourceLine }),
    };
  }
  return undefined;
}
