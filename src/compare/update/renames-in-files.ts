import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import { isSame, nameOf, type Subject, wholeOf } from "../sources/subjects.ts";
import type { Edit } from "./apply.ts";
import type { Bodies } from "./built.ts";
import type { Planned } from "./edits/edit.ts";
import { afterRename, isRefusal } from "./refusals.ts";
import { renameInTree } from "./rename-text.ts";
import type { Renaming } from "./renames.ts";
import type { Saved, SchemaTree } from "./schema-tree.ts";
import { styleOf } from "./style.ts";

/** A tree that builds, what it builds, and what it lacks. */
export interface Standing {
  readonly saved: Saved;
  readonly catalogue: Catalogue;
  readonly plan: readonly Planned[];
  readonly edits: readonly Edit[];
}

/** What the files come to: what they lack, the error of what does not build, or that nothing is left but maybe rows. */
export type Looked = Standing | ConfitureError | "proven" | "rows";

type Renamed = Standing | { readonly proven: readonly Edit[] };

/** Renames that the files are known to lack, and those together with others that they may have. */
export interface Renamings {
  readonly sure: readonly Renaming[];
  readonly possible: readonly Renaming[];
}

interface Surroundings {
  readonly tree: SchemaTree;
  readonly look: (edits: readonly Edit[], bodies: Bodies) => Promise<Looked>;
  /** What the files build before they are edited, and what they are to build. */
  readonly built: Catalogue;
  readonly target: Catalogue;
}

/** Gives what was renamed its name in the files, as far as they build with it. */
export class RenamesInFiles {
  readonly #around: Surroundings;
  readonly #tree: SchemaTree;
  /** The files as they were, or with what was renamed in them. */
  #renamed: Saved;
  /** Renames with which the files did not build. */
  readonly #failures: { readonly renamings: readonly Renaming[]; readonly error: ConfitureError }[] = [];

  constructor(around: Surroundings) {
    this.#around = around;
    this.#tree = around.tree;
    this.#renamed = around.tree.save();
  }

  get renamed(): Saved {
    return this.#renamed;
  }

  /** The error of the first rename with which the files did not build. */
  get firstFailure(): ConfitureError | undefined {
    return this.#failures[0]?.error;
  }

  /** The same of one of something among these. */
  failureAmong(subjects: readonly Subject[]): ConfitureError | undefined {
    return this.#failures.find(({ renamings }) =>
      renamings.some(({ subject }) => subjects.some((each) => isSame(each, subject))),
    )?.error;
  }

  /**
   * What was renamed gets its name everywhere; what was only possibly renamed where less is different with it.
   * Undefined where nothing was renamed.
   */
  async make({ sure, possible }: Renamings): Promise<Renamed | undefined> {
    if (possible.length === sure.length) return await this.#each(sure);
    const before = this.#renamed;
    const all = await this.#try([], possible);
    if (all === undefined || all instanceof ConfitureError) return await this.#each(sure);
    const renamed = this.#renamed;
    this.#renamed = before;
    this.#tree.restore(before);
    const failures = this.#failures.splice(0);
    const some = await this.#each(sure).catch((error: unknown) => {
      if (isRefusal(error)) return error;
      throw error;
    });
    if (!(some instanceof ConfitureError) && this.#different(some) <= this.#different(all)) return some;
    this.#failures.splice(0, this.#failures.length, ...failures);
    this.#renamed = renamed;
    this.#tree.restore("proven" in all ? renamed : all.saved);
    return all;
  }

  #different(renamed: Renamed | undefined): number {
    if (renamed !== undefined && "proven" in renamed) return 0;
    const { built, target } = this.#around;
    return compareCatalogues(renamed?.catalogue ?? built, target).length;
  }

  /** All of it, or, where the files then do not build, each for which they do. */
  async #each(renamings: readonly Renaming[]): Promise<Renamed | undefined> {
    const together = await this.#try([], renamings);
    if (together === undefined) return undefined;
    if (!(together instanceof ConfitureError)) return together;
    let made: Standing | undefined;
    const done: Edit[] = [];
    for (const renaming of renamings) {
      const next = await this.#try(done, [renaming]);
      if (next === undefined) continue;
      if (next instanceof ConfitureError) {
        const error = this.#failed([renaming], next);
        // Dropped and made anew, it would lose them.
        if (this.#hasRowsIn(renaming.subject)) throw error;
        continue;
      }
      if ("proven" in next) return next;
      done.splice(0, done.length, ...next.edits);
      made = next;
    }
    return made;
  }

  /**
   * The tree is as it was where the files do not build. Bodies of functions that still speak of the old name are no
   * obstacle as long as something of the plan is open: it may replace them, and only what builds is written.
   */
  async #try(before: readonly Edit[], renamings: readonly Renaming[]): Promise<Renamed | ConfitureError | undefined> {
    const style = styleOf(this.#tree);
    const own = renamings.flatMap((renaming): Edit[] => {
      const { subject, to, sql } = renaming;
      const file = renameInTree(this.#tree, renaming, style.part(quoteIdentifier(to)));
      if (file === undefined) return [];
      const name = `${nameOf(subject)} -> ${to}`;
      return [{ key: `rename ${sql}`, name, how: "renamed", file, level: "worded", subjects: [], tables: [], sql }];
    });
    if (own.length === 0) return undefined;
    const edits = [...before, ...own];
    const strict = await this.#lookOrRefuse(edits, "checked");
    if (strict === "proven" || strict === "rows") {
      this.#renamed = this.#tree.save();
      return { proven: edits };
    }
    const loose = strict instanceof ConfitureError ? await this.#lookOrRefuse(edits, "unchecked") : strict;
    if (loose === "proven" || loose === "rows" || loose instanceof ConfitureError) {
      this.#tree.restore(this.#renamed);
      return strict;
    }
    if (strict instanceof ConfitureError) this.#failed(renamings, strict);
    this.#renamed = loose.saved;
    return loose;
  }

  #failed(renamings: readonly Renaming[], cause: ConfitureError): ConfitureError {
    const error = afterRename(renamings, cause);
    this.#failures.push({ renamings, error });
    return error;
  }

  async #lookOrRefuse(edits: readonly Edit[], bodies: Bodies): Promise<Looked> {
    return await this.#around.look(edits, bodies).catch((error: unknown) => {
      if (isRefusal(error)) return error;
      throw error;
    });
  }

  #hasRowsIn(subject: Subject): boolean {
    const whole = wholeOf(subject);
    return this.#tree.sentences.some(
      ({ reading }) =>
        reading?.kind === "rows" &&
        reading.about.some((table) => isSame(table, whole) || (whole.kind === "schema" && table.schema === whole.name)),
    );
  }
}
