import { decodeSql } from "#database/script.ts";
import { filesOf, readSchemaScript } from "#build/schema-script.ts";
import { readRegularFile } from "#files/read.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { join } from "node:path";
import { readCatalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import type { TakenAway } from "../catalogue/taken-away.ts";
import { readRowHashes } from "../contained/rows.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";
import { withScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, schemaBuild } from "../sources/sources.ts";
import type { Edit } from "./apply.ts";
import { type EndsOptions, readHistory, targetFor } from "./ends.ts";
import { loadParser } from "#sql/parser.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { SchemaTree } from "./schema-tree.ts";
import { isLasting, renamingsOf } from "./renames.ts";
import { renamedValuesOf, renameValues } from "./renamed-values.ts";
import { unprotected } from "./unprotected.ts";
import { Updating } from "./updating.ts";
import { bringRows, type LackingRows, type TakenRows } from "./rows.ts";
import { wordingOf } from "./wording.ts";

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
  /** Those of objects that a file has got which held rows alone: environments may leave it out. */
  readonly amongRows: readonly Edit[];
  /** What protected something and goes from the files, as migrations took it away. */
  readonly unprotected: readonly TakenAway[];
  /** What only the files have: no migration makes it yet, and it stays. */
  readonly kept: readonly Change[];
  /** As of `Target`. */
  readonly beforeEdits: readonly string[];
  /** Rows that migrations leave, and that the files do not make: they have no place for rows, or none that works. */
  readonly lackingRows: readonly LackingRows[];
  /** Rows that the files make and migrations do not leave, in tables of which these have changed rows or taken some away. */
  readonly takenRows: readonly TakenRows[];
  /** As of `History`. */
  readonly otherValues: readonly string[];
  /** How many migrations there are, the base not counted. */
  readonly migrations: number;
  /** The first of these, which were not run, so that nobody knows whether the files hold their changes. */
  readonly notRun: readonly string[];
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
    const history = await readHistory(options, series, builtRows);
    const target = await targetFor(options, series, history, built);
    const { migrations, base, left } = history;
    const agree = compareCatalogues(built, target.catalogue).length === 0;
    const all = base === undefined ? migrations : [base, ...migrations];
    const wording = wordingOf(parser, all);
    const said = renamingsOf(parser, all);
    const ends = { end: target.catalogue.facts, built: built.facts };
    const lasting = said.map((_, index) => isLasting(said, index, ends));
    const renamings = {
      sure: said.filter((_, index) => lasting[index] === true),
      possible: said.filter((_, index) => lasting[index] !== false),
    };
    const tree = new SchemaTree(parser, texts, options);
    const ofRows = new Set(agree ? [] : tree.files.filter((file) => tree.isOfRows(file)));
    const catalogues = { built, target: target.catalogue };
    const values = agree ? [] : await renameValues(options, series, tree, catalogues, renamedValuesOf(parser, all));
    const updating = new Updating(options, series, tree, { built, target }, wording);
    const edits = agree ? [] : [...values, ...(await updating.run(renamings))];
    const { begun } = updating;
    const rows = await bringRows(options, series, tree, target.catalogue, left, agree ? builtRows : undefined);
    return {
      files: updatedFiles(options, texts, tree),
      edits: [...edits, ...rows.edits],
      amongRows: edits.filter(({ how, file }) => (how === "added" || how === "appended") && ofRows.has(file)),
      unprotected: begun === undefined ? [] : unprotected(begun, target.catalogue, parser),
      kept: target.kept,
      beforeEdits: target.beforeEdits,
      lackingRows: rows.lacking,
      takenRows: rows.taken,
      otherValues: history.otherValues,
      migrations: migrations.length,
      notRun: history.notRun.map(({ file }) => migrationId(file)),
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
