import { type Dirent, existsSync, readdirSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { FileBytes } from "#database/file-bytes.ts";
import { ConfitureError } from "#errors/error.ts";
import { isFolder, readHead, readRegularFile } from "#files/read.ts";
import { hintFor, reasonOf } from "#files/reason.ts";
import { BASE_VERSION } from "../files/version.ts";

/** How much of a file is read to see which tool's marks it holds. */
const HEAD = 4096;

/** A folder of migrations, or one inside it. Names that begin with a dot are left out everywhere. */
export class Folder {
  readonly projectDir: string;
  /** As shown to the user: below the project, with forward slashes. */
  readonly path: string;
  /** Names of files, links included, in the engine's own order. */
  readonly files: readonly string[];
  /** Names of folders, links to folders included, in the engine's own order. */
  readonly folders: readonly string[];
  /** Those of them that are links. */
  readonly #links = new Set<string>();
  /** Whether it holds this tool's own base, which no layout takes for a migration. Not of a folder inside another. */
  readonly hasBase: boolean;
  readonly #inside = new Map<string, Folder>();

  /** @throws ConfitureError `file_unreadable`, `migrations_outside_project`; a folder that does not exist is empty */
  constructor(projectDir: string, path: string, isInside = false) {
    this.projectDir = projectDir;
    this.path = path;
    const files: string[] = [];
    const folders: string[] = [];
    const entries = list(projectDir, path);
    const root = entries.length === 0 ? "" : realpathSync(projectDir);
    if (entries.length > 0) requireInside(root, projectDir, path);
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isSymbolicLink()) requireInside(root, projectDir, this.pathOf(entry.name));
      const isInner = this.#isFolder(entry);
      (isInner ? folders : files).push(entry.name);
      if (isInner && entry.isSymbolicLink()) this.#links.add(entry.name);
    }
    this.hasBase = !isInside && files.includes(BASE_VERSION);
    // The engine's own order is nearly that of versions, and much faster than asking for every two of them.
    this.files = files.filter((name) => !this.hasBase || name !== BASE_VERSION).toSorted();
    this.folders = folders.toSorted();
  }

  inside(name: string): Folder {
    let folder = this.#inside.get(name);
    if (folder === undefined) {
      folder = new Folder(this.projectDir, this.pathOf(name), true);
      this.#inside.set(name, folder);
    }
    return folder;
  }

  /**
   * This folder and those below it, each before what is in it. A link that leads around is followed once, and packages are
   * nobody's migrations.
   * @param onError is given what keeps a folder from being read
   */
  *below(
    onError: (error: unknown) => void = (error) => {
      throw error;
    },
    followed: readonly string[] = [],
  ): Generator<Folder> {
    yield this;
    for (const name of this.folders) {
      if (name === "node_modules") continue;
      const led = this.#links.has(name) ? this.#leadsTo(name) : undefined;
      if (led !== undefined && (led.isAround || followed.includes(led.path))) continue;
      let inner: Folder;
      try {
        inner = this.inside(name);
      } catch (error) {
        onError(error);
        continue;
      }
      yield* inner.below(onError, led === undefined ? followed : [...followed, led.path]);
    }
  }

  /** Where a link to a folder leads, and whether this folder lies in there. */
  #leadsTo(name: string): { readonly path: string; readonly isAround: boolean } {
    const own = realpathSync(join(this.projectDir, this.path));
    const path = realpathSync(join(this.projectDir, this.pathOf(name)));
    return { path, isAround: `${own}${sep}`.startsWith(`${path}${sep}`) };
  }

  /** The path of something in it, as shown to the user. */
  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Whether there is such a file in it. */
  has(name: string): boolean {
    return this.files.includes(name);
  }

  /** @throws ConfitureError `file_unreadable` */
  bytes(name: string): Uint8Array {
    return readRegularFile(join(this.projectDir, this.pathOf(name)), this.pathOf(name));
  }

  /**
   * The same piece by piece, for a file of any size.
   * @throws ConfitureError `file_unreadable`
   */
  pieces(name: string): Iterable<Uint8Array> {
    return new FileBytes(this.pathOf(name), join(this.projectDir, this.pathOf(name))).pieces();
  }

  /** The first part of a file; what is no UTF-8 in it reads as replacement characters. */
  head(name: string): string {
    return readHead(join(this.projectDir, this.pathOf(name)), this.pathOf(name), HEAD).toString();
  }

  /** A link counts as what it leads to; one that leads nowhere is a file, for whoever reads it to say so. */
  #isFolder(entry: Dirent): boolean {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    return isFolder(join(this.projectDir, this.pathOf(entry.name)));
  }
}

function list(projectDir: string, path: string) {
  try {
    return readdirSync(join(projectDir, path), { withFileTypes: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ConfitureError("file_unreadable", `Cannot read the migrations folder ${path}: ${reasonOf(cause)}`, {
      hint: hintFor(cause) ?? "Check the folder's permissions, or migrations.dir in the environment file.",
      cause,
    });
  }
}

/**
 * What lies elsewhere is not in every checkout of the project. As for schema files.
 * @param root the project's folder without links
 * @throws ConfitureError `migrations_outside_project`
 */
export function requireInside(root: string, projectDir: string, path: string): void {
  const absolute = join(projectDir, path);
  // A link to nothing is an error of whoever reads it.
  if (!existsSync(absolute)) return;
  const real = realpathSync(absolute);
  if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
  throw outsideProject(path);
}

export function outsideProject(path: string): ConfitureError {
  return new ConfitureError("migrations_outside_project", `${path} lies outside the project`, {
    hint: "Migrations have to be inside the project, so that everyone who checks it out has the same. Move them there, or make a folder above both the project (-C DIR).",
    location: { file: path },
  });
}
