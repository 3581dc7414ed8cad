import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues, listChanges } from "../catalogue/changes.ts";
import { viewsIn } from "../contained/materialized.ts";
import { changedTables, readRowHashes, type Rows } from "../contained/rows.ts";
import { planSteps } from "../generate/steps.ts";
import { partsOf, type PlannedStatement } from "../plan/statement.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { applyPlan, type Edit, keyOfPlanned, merged, readPlan } from "./apply.ts";
import { type Bodies, buildTexts } from "./built.ts";
import { EditLevels } from "./edit-levels.ts";
import type { EndsOptions, Target } from "./ends.ts";
import type { SchemaTree } from "./schema-tree.ts";
import { mayBeVain, withoutVain } from "./vain.ts";
import { BY_HAND, doesNotBuild, isRefusal, remains } from "./refusals.ts";
import { type Looked, type Renamings, RenamesInFiles, type Standing } from "./renames-in-files.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { Wording } from "./wording.ts";

/** Tried, looked at, and tried again with what did not work out pushed further; this often. */
const ROUNDS = 12;
/** From then on, everything that is planned comes behind everything. */
const PATIENT_ROUNDS = 8;

/** Edits the files round by round until they build what the migrations make. */
export class Updating {
  readonly #options: EndsOptions;
  readonly #series: ScratchSeries;
  readonly #tree: SchemaTree;
  readonly #target: Target;
  readonly #wording: Wording;
  readonly #renames: RenamesInFiles;
  readonly #levels = new EditLevels();
  /** The rows after the original files and the plan. */
  #rows: Rows | undefined;
  #begun: Catalogue | undefined;
  /** What came into the files as statements of its own, in every round. */
  readonly #written: Edit[] = [];

  /** @param built what the files build before they are edited */
  constructor(
    options: EndsOptions,
    series: ScratchSeries,
    tree: SchemaTree,
    ends: { readonly built: Catalogue; readonly target: Target },
    wording: Wording,
  ) {
    this.#options = options;
    this.#series = series;
    this.#tree = tree;
    const { built, target } = ends;
    this.#target = target;
    this.#wording = wording;
    const look = async (edits: readonly Edit[], bodies: Bodies): Promise<Looked> => await this.#look(edits, bodies);
    this.#renames = new RenamesInFiles({ tree, look, built, target: target.catalogue });
  }

  /** What the files built after what was renamed; undefined where nothing else was to be done. */
  get begun(): Catalogue | undefined {
    return this.#begun;
  }

  /** @throws ConfitureError `schema_update_refused` */
  async run(renamings: Renamings): Promise<readonly Edit[]> {
    const edits = await this.#follow(renamings).catch((error: unknown) => {
      throw isRefusal(error) ? (this.#renames.firstFailure ?? error) : error;
    });
    // Taken away behind everything, and made anew somewhere: nobody would have written that.
    const appended = edits.filter(({ how }) => how === "appended").flatMap(({ subjects }) => subjects);
    const left = this.#renames.failureAmong(appended);
    if (left !== undefined) throw left;
    return edits;
  }

  async #follow(renamings: Renamings): Promise<readonly Edit[]> {
    // Before anything is planned: what has another name would be dropped and made again, and rows may be in the way of that.
    const first = (await this.#renames.make(renamings)) ?? (await this.#look([]));
    if (first instanceof ConfitureError) throw first;
    if (first === "proven" || first === "rows") return [];
    if ("proven" in first) return first.proven;
    this.#begun = first.catalogue;
    let standing: Standing = first;
    for (let round = 0; round < ROUNDS; round++) {
      this.#options.onStep?.(`Editing, round ${round + 1}`);
      const own = this.#apply(standing);
      const edits = merged(standing.edits, own);
      this.#written.push(...own.filter(({ written }) => written !== undefined));
      let refusal: ConfitureError | undefined;
      const next = await this.#look(edits).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        refusal = error;
        return "rows" as const;
      });
      if (next === "proven") return await this.#withoutVain(first, edits, round > 0);
      if (next === "rows") {
        // Only what comes behind all rows leaves them as they are, and only the first plan is one that surely works.
        if (!this.#levels.push(first.plan, "last") && refusal !== undefined) throw refusal;
        standing = first;
      } else if (next instanceof ConfitureError) {
        // Statement by statement, as long as there is time: many may fail of the same.
        const isPushed =
          round < PATIENT_ROUNDS &&
          (this.#levels.pushFailed(this.#tree, this.#renames.renamed, own, next) || this.#levels.pushGone(own, next));
        if (!isPushed) {
          if (!this.#levels.push(first.plan, "last")) throw doesNotBuild(next);
          standing = first;
        }
      } else {
        const open = new Set(next.plan.map(keyOfPlanned));
        const again = own.filter(({ key }) => open.has(key));
        const pushed = again.map((edit) => this.#levels.pushFurther(edit)).some(Boolean);
        if (pushed || (own.length > 0 && again.length === 0)) standing = next;
        // What is written already and makes nothing, such as a UNIQUE of the primary key's columns beside it.
        else if (own.length === 0 && this.#levels.push(next.plan, "appended")) standing = first;
        // The first plan is one that surely works behind everything.
        else if (this.#levels.push(first.plan, "last")) standing = first;
        else throw remains(compareCatalogues(next.catalogue, this.#target.catalogue));
      }
    }
    throw new ConfitureError(
      "schema_update_refused",
      "The schema files could not be brought to what the migrations make",
      { hint: BY_HAND },
    );
  }

  /** Follows a plan, from where it was made. */
  #apply({ saved, plan, catalogue }: Standing): Edit[] {
    this.#tree.restore(saved);
    return applyPlan(this.#tree, plan, {
      from: catalogue,
      to: this.#target.catalogue,
      wording: this.#wording,
      levels: this.#levels.byKey,
    });
  }

  /** Leaves out what was tried in vain, and what was added and is not needed, such as what a later edit does as well. */
  async #withoutVain(first: Standing, edits: readonly Edit[], areTried: boolean): Promise<readonly Edit[]> {
    this.#options.onStep?.("Looking for what is not needed");
    let told = edits;
    if (areTried) {
      const saved = this.#tree.save();
      // From the start, and knowing how each edit works.
      const all = merged(first.edits, this.#apply(first));
      if (await this.#isProven(all)) told = all;
      else this.#tree.restore(saved);
    }
    const candidates = told === edits && areTried ? this.#written : told.filter(mayBeVain);
    return await withoutVain(this.#tree, candidates.toReversed(), told, async () => await this.#isProven(told));
  }

  async #isProven(edits: readonly Edit[]): Promise<boolean> {
    const database = await this.#build("checked");
    if (database instanceof ConfitureError) return false;
    const changes = compareCatalogues(await readCatalogue(database), this.#target.catalogue);
    return changes.length === 0 && (await this.#hasRows(database, edits));
  }

  /** Builds the tree as it is, and plans what it lacks. */
  async #look(edits: readonly Edit[], bodies: Bodies = "checked"): Promise<Looked> {
    const saved = this.#tree.save();
    const database = await this.#build(bodies);
    if (database instanceof ConfitureError) return database;
    const catalogue = await readCatalogue(database);
    if (compareCatalogues(catalogue, this.#target.catalogue).length === 0) {
      return (await this.#hasRows(database, edits)) ? "proven" : "rows";
    }
    const statements = await this.#plan(database, catalogue);
    this.#rows ??= await readRowHashes(database, SCRATCH_LEDGER);
    const plan = readPlan(this.#tree.parser, statements, catalogue, this.#target.catalogue);
    return { saved, catalogue, plan, edits };
  }

  /** A database with what the tree makes, or the error of what does not build. */
  async #build(bodies: Bodies): Promise<Database | ConfitureError> {
    const { signal } = this.#options;
    if (signal?.aborted === true) throw new ConfitureError("interrupted", "Interrupted; nothing was written");
    try {
      return await buildTexts(this.#options, this.#series, this.#tree.save(), bodies);
    } catch (error) {
      if (error instanceof ConfitureError && error.code !== "interrupted") return error;
      throw error;
    }
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
        ofFiles: true,
      });
      return steps.flatMap(({ up }) => up.statements.flatMap(partsOf));
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.code !== "generate_refused") throw error;
      throw error.with({
        code: "schema_update_refused",
        hint: `${BY_HAND}\n${listChanges(compareCatalogues(from, to))}`,
      });
    }
  }

  /** Whether the rows of edited tables are those that the original files and the plan leave. */
  async #hasRows(database: Database, edits: readonly Edit[]): Promise<boolean> {
    if (this.#rows === undefined || edits.every(({ level }) => level === "last")) return true;
    const rows = await readRowHashes(database, SCRATCH_LEDGER);
    // What the plan makes anew is filled at once, also where the files fill tables behind it.
    const changed = changedTables(this.#rows, rows).difference(viewsIn(this.#rows).union(viewsIn(rows)));
    const touched = new Set(
      edits.flatMap(({ tables }) => tables.map(({ schema, name }) => quoteQualified(schema, name))),
    );
    return ![...changed].some((table) => touched.has(table));
  }
}
