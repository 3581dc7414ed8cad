import { join } from "node:path";
import { LARGE } from "#database/read-sql.ts";
import { openRegularFile, readWhole } from "#files/read.ts";
import { checksumOf } from "./checksum.ts";
import type { Discovery } from "./discover.ts";
import { factsOf } from "./file-facts.ts";
import type { FileFacts } from "../history.ts";
import type { MigrationFile } from "./migration-file.ts";

/** How many files are read before what the server has said meanwhile gets its turn. */
const AT_ONCE = 16;

/** The migrations that were found, and the checksums of their files, which are read while the server has yet to answer. */
export class ReadAhead implements Disposable {
  readonly #projectDir: string;
  #found: Discovery | undefined;
  readonly #checksums = new Map<string, string>();
  #isOver = false;

  constructor(projectDir: string, found: Discovery) {
    this.#projectDir = projectDir;
    this.#found = found;
    void this.#read(found.migrations);
  }

  /** Undefined when it has been forgotten. */
  get found(): Discovery | undefined {
    return this.#found;
  }

  /** What the files say; what has not been read yet is read when it is asked for. */
  facts(): FileFacts {
    this.#isOver = true;
    const now = factsOf(this.#projectDir);
    return { ...now, checksumOf: (file) => this.#checksums.get(file.path) ?? now.checksumOf(file) };
  }

  /** For when time passes: files may be others by then. */
  forget(): void {
    this.#isOver = true;
    this.#found = undefined;
    this.#checksums.clear();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
  }

  async #read(files: readonly MigrationFile[]): Promise<void> {
    for (let at = 0; at < files.length; at += AT_ONCE) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#isOver) return;
      for (const { path } of files.slice(at, at + AT_ONCE)) {
        const checksum = this.#checksumOf(path);
        if (checksum !== undefined) this.#checksums.set(path, checksum);
      }
    }
  }

  #checksumOf(path: string): string | undefined {
    try {
      using opened = openRegularFile(join(this.#projectDir, path), path);
      return opened.size < LARGE ? checksumOf(readWhole(opened, path)) : undefined;
    } catch {
      // Whoever asks for it gets to know why.
      return undefined;
    }
  }
}
