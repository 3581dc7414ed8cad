import { createHash } from "node:crypto";
import { join } from "node:path";
import { findSchemaFiles } from "#build/collect.ts";
import { filesOf, readSchemaScript } from "#build/schema-script.ts";
import type { ErrorCode } from "#errors/codes.ts";
import { ConfitureError } from "#errors/error.ts";
import { readIfThere } from "#files/read.ts";
import { projectBase, type ProjectFiles, projectMigrations } from "./sources.ts";

/** Which files of a project. */
type Kind = "schema" | "migrations";

/** What files of a project held at one moment, the environment file among them. */
export interface Contents {
  readonly kinds: readonly Kind[];
  /** A hash of each, by its path; undefined for one that was gone when it was to be read. */
  readonly hashes: ReadonlyMap<string, string | undefined>;
}

/**
 * Remembers what files hold before something is decided by them.
 * @throws ConfitureError `file_unreadable`, and what is wrong with the folders
 */
export function contentsOf(files: ProjectFiles, kinds: readonly Kind[]): Contents {
  const paths = kinds.flatMap((kind) => (kind === "schema" ? schemaPaths(files) : migrationPaths(files)));
  // Read anew, it might name others, or another order.
  if (files.settingsFile !== undefined) paths.push(files.settingsFile);
  return { kinds, hashes: new Map(paths.map((path) => [path, hashOf(files.projectDir, path)])) };
}

function hashOf(projectDir: string, path: string): string | undefined {
  const content = readIfThere(join(projectDir, path), path);
  return content && createHash("sha256").update(content).digest("hex");
}

/**
 * For what was decided a while ago: somebody has thought about a question since, or a proof took its time.
 * @param undone what is left undone: "Nothing was written"
 * @throws ConfitureError with `data.isStale` where a file was changed, added or removed since
 */
export function requireUnchanged(
  files: ProjectFiles,
  before: Contents,
  { code, undone }: { readonly code: ErrorCode; readonly undone: string },
): void {
  const now = contentsOf(files, before.kinds).hashes;
  const path = [...now.keys(), ...before.hashes.keys()].find((each) => now.get(each) !== before.hashes.get(each));
  if (path === undefined) return;
  const what = !now.has(path) ? "removed" : before.hashes.has(path) ? "changed" : "added";
  throw new ConfitureError(code, `${path} was ${what} since this was planned`, {
    hint: `${undone}. Run the command again: it plans anew.`,
    location: { file: path },
    data: { isStale: true },
  });
}

/** With those that they include, wherever these are. */
function schemaPaths(files: ProjectFiles): string[] {
  const options = { projectDir: files.projectDir, databaseName: files.databaseName, transaction: true };
  return findSchemaFiles(files).flatMap((file) => {
    try {
      return [...filesOf(readSchemaScript(options, file))];
    } catch (error) {
      // What is wrong with a file is said when its turn comes.
      if (!(error instanceof ConfitureError)) throw error;
      return [file];
    }
  });
}

/** Those of base and migrations, ways back included. */
export function migrationPaths(files: ProjectFiles): string[] {
  return [...projectBase(files), ...projectMigrations(files)].flatMap(({ path, downPath }) =>
    downPath === undefined ? [path] : [path, downPath],
  );
}
