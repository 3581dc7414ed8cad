import type { Database } from "#database/database.ts";
import { decodeSql } from "#database/script.ts";
import { filesOf, readSchemaScript } from "#build/schema-script.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { join } from "node:path";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { changedTables, readRowHashes, type Rows } from "../contained/rows.ts";
import { planSteps } from "../generate/steps.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import { SCRATCH_LEDGER } from "../scratch/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../scratch/scratch-series.ts";
import { buildSchema, isMissingObject, schemaBuild } from "../sources/sources.ts";
import { applyPlan, type Edit, keyOfPlanned, type Level, LEVELS, readPlan } from "./apply.ts";
import { buildTexts } from "./built.ts";
import type { Planned } from "./edits/edit.ts";
import { type EndsOptions, readHistory, type Target, targetFor } from "./ends.ts";
import { loadParser } from "#sql/parser.ts";
import { tokensOf } from "#sql/tokens.ts";
import { type Saved, SchemaTree } from "./schema-tree.ts";
import { renameInTree } from "./rename-text.ts";
import { isLasting, type Renaming, renamingsOf } from "./renames.ts";
import { bringRows, type LackingRows } from "./rows.ts";
import { styleOf } from "./style.ts";
import { isSame, nameOf, type Subject, wholeOf } from "./subjects.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { type Wording, wordingOf } from "./wording.ts";

/** A schema file before and after. */
export interface UpdatedFile {
  /** Relative to the project. */
  readonly path: string;
  /** Undefined for a new one. */
  readonly before: string | undefined;
  /** Undefined for one that goes, as nothing is left in it. */
  readonly after: string | undefined;
}

export interface SchemaUpdate {
  /** Those that change, in the order they run; none when the files hold everything. */
  readonly files: readonly UpdatedFile[];
  /** What was done about each difference, in order. */
  readonly edits: readonly Edit[];
  /** What only the files have: no migration makes it yet, and it stays. */
  readonly kept: readonly Change[];
  /** Rows that migrations leave, and that the files do not make: they have no place for rows, or none that works. */
  readonly lackingRows: readonly LackingRows[];
  /** How many migrations there are, the base not counted. */
  readonly migrations: number;
}

/**
 * Brings what migrations did into the text of the schema files, and proves it before anything is written: the edited files
 * build what base and migrations make, rows included.
 * @throws ConfitureError `schema_update_refused` where that cannot be done, or what the files or migrations fail with
 */
export async function updateSchema(options: EndsOptions): Promise<SchemaUpdate> {
  const parser = await loadParser();
  const texts = readTexts(options);
  return await withScratchSeries(options, async (series) => {
    options.onStep?.("Building the schema files");
    const database = await series.empty();
    await buildSchema(database, options);
    const built = await readCatalogue(database);
    const builtRows = await readRowHashes(database, SCRATCH_LEDGER);
    const history = await readHistory(options, series, { parser, built: builtRows });
    const target = await targetFor(options, series, history, built);
    const { migrations, base, left } = history;
    const agree = compareCatalogues(built, target.catalogue).length === 0;
    const all = base === undefined ? migrations : [base, ...migrations];
    const wording = wordingOf(parser, all);
    const renamings = renamingsOf(parser, all).filter((_, index, each) =>
      isLasting(each, index, target.catalogue.facts),
    );
    const tree = new SchemaTree(parser, texts, options);
    const edits = agree ? [] : await new Updating(options, series, tree, target, wording).run(renamings);
    const rows = await bringRows(options, series, tree, target.catalogue, left, agree ? builtRows : undefined);
    return {
      files: updatedFiles(options, texts, tree),
      edits: [...edits, ...rows.edits],
      kept: target.kept,
      lackingRows: rows.lacking,
      migrations: migrations.length,
    };
  });
}

/** What changed. A file goes in which nothing is left, unless another one includes it, or there would be none. */
function updatedFiles(
  options: EndsOptions,
  texts: ReadonlyMap<string, string>,
  tree: SchemaTree,
): readonly UpdatedFile[] {
  const own = new Set(schemaBuild(options).files);
  const changed = tree.files.filter((path) => texts.get(path) !== tree.text(path));
  const empty = changed.filter((path) => own.has(path) && texts.has(path) && tokensOf(tree.text(path)).length === 0);
  const goes = new Set(empty.length < tree.files.length ? empty : []);
  return changed.map((path) => ({
    path,
    before: texts.get(path),
    after: goes.has(path) ? undefined : tree.text(path),
  }));
}

/** A tree that builds, what it builds, and what it lacks. */
interface Standing {
  readonly saved: Saved;
  readonly catalogue: Catalogue;
  readonly plan: readonly Planned[];
  readonly edits: readonly Edit[];
}

/** Tried, looked at, and tried again with what did not work out pushed further; this often. */
const ROUNDS = 12;

class Updating {
  readonly #options: EndsOptions;
  readonly #series: ScratchSeries;
  readonly #tree: SchemaTree;
  readonly #target: Target;
  readonly #wording: Wording;
  /** The files as they were, or with what was renamed in them. */
  #original: Saved;
  readonly #levels = new Map<string, Level>();
  /** Why the first rename that was not followed was not. */
  #renameFailure: ConfitureError | undefined;
  /** The rows after the original files and the plan. */
  #rows: Rows | undefined;

  constructor(options: EndsOptions, series: ScratchSeries, tree: SchemaTree, target: Target, wording: Wording) {
    this.#options = options;
    this.#series = series;
    this.#tree = tree;
    this.#target = target;
    this.#wording = wording;
    this.#original = tree.save();
  }

  async run(renamings: readonly Renaming[]): Promise<readonly Edit[]> {
    // Before anything is planned: what has another name would be dropped and made again, and rows may be in the way of that.
    const first = (await this.#rename(renamings)) ?? (await this.#look([]));
    if (first instanceof ConfitureError) throw first;
    if (first === "proven" || first === "rows") return [];
    if ("proven" in first) return first.proven;
    let standing: Standing = first;
    for (let round = 0; round < ROUNDS; round++) {
      this.#options.onStep?.(`Editing, round ${round + 1}`);
      this.#tree.restore(standing.saved);
      const own = applyPlan(this.#tree, standing.plan, {
        from: standing.catalogue,
        to: this.#target.catalogue,
        wording: this.#wording,
        levels: this.#levels,
      });
      const edits = merged(standing.edits, own);
      let refusal: ConfitureError | undefined;
      const next = await this.#look(edits).catch((error: unknown) => {
        if (!(error instanceof ConfitureError) || error.code !== "schema_update_refused") throw error;
        refusal = error;
        return "rows" as const;
      });
      if (next === "proven") return edits;
      if (next === "rows") {
        // Only what comes behind all rows leaves them as they are, and only the first plan is one that surely works.
        if (!this.#push(first.plan, "last") && refusal !== undefined) throw refusal;
        standing = first;
      } else if (next instanceof ConfitureError) {
        if (!this.#pushFailed(own, next) && !this.#pushGone(own, next)) {
          if (!this.#push(first.plan, "last")) throw this.#doesNotBuild(next);
          standing = first;
        }
      } else {
        const open = new Set(next.plan.map(keyOfPlanned));
        const again = own.filter(({ key }) => open.has(key));
        const pushed = again.map((edit) => this.#pushFurther(edit)).some(Boolean);
        if (pushed || (own.length > 0 && again.length === 0)) standing = next;
        // What is written already and makes nothing, such as a UNIQUE of the primary key's columns beside it.
        else if (own.length === 0 && this.#push(next.plan, "appended")) standing = first;
        else throw this.#remains(next.catalogue);
      }
    }
    throw (
      this.#renameFailure ??
      new ConfitureError("schema_update_refused", "The schema files could not be brought to what the migrations make", {
        hint: BY_HAND,
      })
    );
  }

  /**
   * What was renamed gets its name everywhere: all of it, or, where the files then do not build, each for which they do.
   * Undefined where nothing was renamed.
   */
  async #rename(renamings: readonly Renaming[]): Promise<Standing | { readonly proven: readonly Edit[] } | undefined> {
    const together = await this.#tryRenames([], renamings);
    if (together === undefined) return undefined;
    if (!(together instanceof ConfitureError)) return together;
    let made: Standing | undefined;
    const done: Edit[] = [];
    for (const renaming of renamings) {
      const next = await this.#tryRenames(done, [renaming]);
      if (next === undefined) continue;
      if (next instanceof ConfitureError) {
        this.#renameFailure ??= afterRename(renaming, next);
        // Dropped and made anew, it would lose them.
        if (this.#hasRowsIn(renaming.subject)) throw this.#renameFailure;
        continue;
      }
      if ("proven" in next) return next;
      done.splice(0, done.length, ...next.edits);
      made = next;
    }
    return made;
  }

  /** The tree is as it was where the files do not build. */
  async #tryRenames(
    before: readonly Edit[],
    renamings: readonly Renaming[],
  ): Promise<Standing | { readonly proven: readonly Edit[] } | ConfitureError | undefined> {
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
    const renamed = await this.#look(edits).catch((error: unknown) => {
      if (error instanceof ConfitureError && error.code === "schema_update_refused") return error;
      throw error;
    });
    if (renamed === "proven" || renamed === "rows") return { proven: edits };
    if (renamed instanceof ConfitureError) {
      this.#tree.restore(this.#original);
      return renamed;
    }
    this.#original = renamed.saved;
    return renamed;
  }

  #hasRowsIn(subject: Subject): boolean {
    const whole = wholeOf(subject);
    return this.#tree.sentences.some(
      ({ reading }) =>
        reading?.kind === "rows" &&
        reading.about.some((table) => isSame(table, whole) || (whole.kind === "schema" && table.schema === whole.name)),
    );
  }

  /** Builds the tree as it is, and plans what it lacks. */
  async #look(edits: readonly Edit[]): Promise<Standing | ConfitureError | "proven" | "rows"> {
    const { signal } = this.#options;
    if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted; nothing was written");
    const saved = this.#tree.save();
    let database: Database;
    try {
      database = await buildTexts(this.#options, this.#series, saved);
    } catch (error) {
      if (error instanceof ConfitureError && error.code !== "interrupted") return error;
      throw error;
    }
    const catalogue = await readCatalogue(database);
    if (compareCatalogues(catalogue, this.#target.catalogue).length === 0) {
      return (await this.#hasRows(database, edits)) ? "proven" : "rows";
    }
    const statements = await this.#plan(database, catalogue);
    this.#rows ??= await readRowHashes(database, SCRATCH_LEDGER);
    const plan = readPlan(this.#tree.parser, statements, catalogue, this.#target.catalogue);
    return { saved, catalogue, plan, edits };
  }

  /** Runs what is missing in the database, and returns it. */
  async #plan(database: Database, from: Catalogue): Promise<readonly PlannedStatement[]> {
    const to = this.#target.catalogue;
    try {
      const { steps } = await planSteps(database, from, to, {
        ...this.#options,
        from: { kind: "schema" },
        renames: [],
        permit: () => {},
        noDown: true,
        online: false,
      });
      return steps.flatMap(({ up }) => up.statements);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "generate_refused") throw error;
      throw error.with({ code: "schema_update_refused", hint: `${BY_HAND}\n${listed(compareCatalogues(from, to))}` });
    }
  }

  /** Whether the rows of edited tables are those that the original files and the plan leave. */
  async #hasRows(database: Database, edits: readonly Edit[]): Promise<boolean> {
    if (this.#rows === undefined || edits.every(({ level }) => level === "last")) return true;
    const changed = changedTables(this.#rows, await readRowHashes(database, SCRATCH_LEDGER));
    const touched = new Set(
      edits.flatMap(({ tables }) => tables.map(({ schema, name }) => quoteQualified(schema, name))),
    );
    return ![...changed].some((table) => touched.has(table));
  }

  #push(plan: readonly Planned[], level: Level): boolean {
    const keys = plan.map(keyOfPlanned).filter((key) => this.#levels.get(key) !== level);
    for (const key of keys) this.#levels.set(key, level);
    return keys.length > 0;
  }

  #pushFurther({ key, level }: Edit): boolean {
    const next = LEVELS[LEVELS.indexOf(level) + 1];
    if (next === undefined) return false;
    this.#levels.set(key, next);
    return true;
  }

  /**
   * Pushes what made a statement fail: edits of the statement itself a step further, or else those of columns and other
   * objects that it or the error names behind everything, where it has run already.
   */
  #pushFailed(own: readonly Edit[], { location, server }: ConfitureError): boolean {
    const line = location?.line;
    if (location === undefined || line === undefined) return false;
    const { file } = location;
    const failed = this.#tree.in(file).findLast(({ start }) => {
      return this.#tree.text(file).slice(0, start).split("\n").length <= line;
    });
    if (failed === undefined) return false;
    const before = this.#original.get(file)?.split("\n") ?? [];
    const isOwn = failed.statement.text
      .split("\n")
      .some((each) => !before.some((other) => other.includes(each.trim())));
    const { makes, about = [] } = failed.reading ?? {};
    const names = new Set([makes, ...about].flatMap((subject) => (subject === undefined ? [] : [subject.name])));
    const guilty = own.filter(
      (edit) =>
        edit.file === file &&
        edit.subjects.some(({ name, of }) => names.has(name) || (of !== undefined && names.has(of))),
    );
    if (isOwn && guilty.map((edit) => this.#pushFurther(edit)).some(Boolean)) return true;
    const words = new Set(namesIn(`${server?.message ?? ""}\n${failed.statement.text.slice(0, READ)}`));
    const named = own.filter(
      ({ level, subjects: [first] }) => level !== "last" && first !== undefined && words.has(first.name),
    );
    for (const { key } of named) this.#levels.set(key, "last");
    return named.length > 0;
  }

  /** Where something is missing that a file still speaks of, what was taken away goes behind everything. */
  #pushGone(own: readonly Edit[], error: ConfitureError): boolean {
    const gone = isMissingObject(error) ? own.filter(({ how }) => how === "removed") : [];
    for (const { key } of gone) this.#levels.set(key, "last");
    return gone.length > 0;
  }

  #doesNotBuild(error: ConfitureError): ConfitureError {
    return error.with({
      code: "schema_update_refused",
      message: `The edited schema files do not build: ${error.message}`,
      hint: BY_HAND,
    });
  }

  #remains(catalogue: Catalogue): ConfitureError {
    return new ConfitureError(
      "schema_update_refused",
      `The edited schema files would not build what the migrations make. What remains different:\n${listed(compareCatalogues(catalogue, this.#target.catalogue))}`,
      { hint: BY_HAND },
    );
  }
}

function afterRename({ subject, to }: Renaming, error: ConfitureError): ConfitureError {
  return error.with({
    code: "schema_update_refused",
    message: `With ${nameOf(subject)} renamed to ${to}, the schema files do not build: ${error.message}`,
    hint: `Nothing was written. A rename reaches no bodies of functions: a migration that replaces them, or an edit of the schema files, has to follow.`,
  });
}

/** Characters of a statement that are looked through for names: the rest is rows. */
const READ = 20_000;

function namesIn(text: string): string[] {
  return [...text.matchAll(/"((?:[^"]|"")+)"|[\p{L}\p{N}_$]+/gu)].map(([word, quoted]) => {
    return quoted?.replaceAll('""', '"') ?? word.toLowerCase();
  });
}

const BY_HAND = "Nothing was written. Edit the schema files by hand; `confiture verify` shows what they lack.";

function listed(changes: readonly Change[]): string {
  return changes.map(({ change, kind, name }) => `  ${change} ${kind} ${name}`).join("\n");
}

/** An object that was edited again is told of once, by what was done last. */
function merged(before: readonly Edit[], after: readonly Edit[]): readonly Edit[] {
  const again = new Set(after.map(({ key }) => key));
  return [...before.filter(({ key, level }) => !again.has(key) || level === "worded"), ...after];
}

/** The schema files, with those that they include, in the order they run. */
function readTexts(options: EndsOptions): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const build = schemaBuild(options);
  for (const each of build.files) {
    for (const file of filesOf(readSchemaScript(build, each))) {
      texts.set(file, decodeSql(file, readRegularFile(join(options.projectDir, file), file)));
    }
  }
  return texts;
}
