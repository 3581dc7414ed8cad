import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A project folder of its own for one test. */
export interface TemporaryProject extends AsyncDisposable {
  readonly dir: string;
  /** The absolute path of a file in the project. */
  path(name: string): string;
  /** Writes a file, making the folders above it. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Reads a file as UTF-8 text. */
  read(name: string): Promise<string>;
  remove(): Promise<void>;
}

const parents = new Set<string>();

/**
 * Makes a project from its files, by path. `name` ends the folder's name, for tests of names with
 * spaces or other letters. With `await using` it is removed at the end of the block, otherwise
 * after the last test.
 */
export async function temporaryProject(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  name = "project",
): Promise<TemporaryProject> {
  // The system's temporary folder may be a symlink, and then the tool would report other paths than the test.
  const parent = await mkdtemp(join(await realpath(tmpdir()), "confiture-test-"));
  parents.add(parent);
  const dir = join(parent, name);
  await mkdir(dir);
  const project: TemporaryProject = {
    dir,
    path: (file) => join(dir, file),
    async write(file, content) {
      const path = join(dir, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    },
    read: (file) => readFile(join(dir, file), "utf8"),
    async remove() {
      await rm(parent, { recursive: true, force: true });
      parents.delete(parent);
    },
    [Symbol.asyncDispose]: () => project.remove(),
  };
  for (const [file, content] of Object.entries(files)) await project.write(file, content);
  return project;
}

/** Removes the projects that are left. The preload file calls it after the last test. */
export async function removeProjects(): Promise<void> {
  for (const parent of parents) await rm(parent, { recursive: true, force: true });
  parents.clear();
}
