import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "#migrate/discover.ts";
import { loadMigration } from "#migrate/load.ts";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import { type Change, compareCatalogues } from "./changes.ts";
import { NO_EFFECTS, startMeter } from "./measure.ts";
import { type MeasuredStatement, renderMigration } from "./migration-file.ts";
import { planChanges, type PlannedStatement, type PossibleRename, type Rename } from "./plan.ts";
import { reword } from "./rebuild.ts";
import { withMissingRoles, withScratch } from "./scratch.ts";
import { SCRATCH_LEDGER, startRun } from "./scratch-run.ts";
import { isInUse, prepareSource, type ProjectFiles, type Source, sourceCatalogue } from "./sources.ts";
import { onTerms } from "./terms.ts";

export interface GenerateOptions extends ProjectFiles {
  readonly from: Source;
  readonly renames: readonly Rename[];
  /** Allows statements that lose data. */
  readonly allowDrop: boolean;
  /** Does without a way back. */
  readonly noDown: boolean;
}

/** One migration to be written; several where PostgreSQL needs a COMMIT in between. */
export interface GeneratedMigration {
  readonly up: readonly MeasuredStatement[];
  /** Empty when the way back was not wanted. */
  readonly down: readonly MeasuredStatement[];
  /** The file's content. */
  readonly text: string;
}

export interface Generated {
  /** In order; none when there is nothing to do. Every one is proven. */
  readonly migrations: readonly GeneratedMigration[];
  /** Dropped and added objects that could be renames. */
  readonly possibleRenames: readonly PossibleRename[];
  /** What is not in them, because no SQL is planned for its kind. */
  readonly byHand: {
    /** Still different after the way up. */
    readonly up: readonly Change[];
    /** Not brought back by the way down. */
    readonly down: readonly Change[];
  };
}

/** What a first plan leaves different is planned again, this often. */
const ROUNDS = 5;

/**
 * Plans the migration that brings `from` to the schema files, up and down, and proves it: in a scratch database
 * its up gives what the schema files build, and its down gives `from` again.
 * @throws ConfitureError `generate_refused` when it would lose data, or when the proof fails
 */
export async function generateMigrations(given: GenerateOptions): Promise<Generated> {
  const { to, ...ends } = await readEnds(given);
  const options = { ...given, ...ends };
  const generated = await withScratch(options, async (database) => {
    await prepareSource(database, options, options.from);
    return await planAll(database, options, to);
  });
  if (generated.migrations.length > 0) await prove(options, generated.migrations, to);
  else if (generated.byHand.up.length > 0) {
    throw unproven("No SQL is planned for the kinds of objects that differ", generated.byHand.up);
  }
  return generated;
}

/** What a database in use holds is read once, without what is no concern of the files, and rebuilt wherever needed. */
async function readEnds(options: GenerateOptions): Promise<{ readonly from: Source; readonly to: Catalogue }> {
  const to = await sourceCatalogue(options, { kind: "schema" });
  if (!isInUse(options.from)) return { from: options.from, to };
  const catalogue = await sourceCatalogue(options, options.from);
  const noise = { owners: false, grants: false, extensionVersions: false };
  return {
    from: { kind: "catalogue", catalogue: onTerms(catalogue, to, noise).from, name: "The database in use" },
    // Rebuilt as well, so that both are in the same words.
    to: (await reword(options, to)).catalogue,
  };
}

/** Plans step by step, running each step: the next is planned from what is there, not from what should be. */
async function planAll(database: Database, options: GenerateOptions, to: Catalogue): Promise<Generated> {
  const read = async (): Promise<Catalogue> => asGiven(options.from, await readCatalogue(database, [SCRATCH_LEDGER]));
  const from = await read();
  const possibleRenames = planChanges(from, to, options.renames).possibleRenames;
  requireKnownRenames(options.renames, from, to);
  const ups: { statements: MeasuredStatement[]; before: Catalogue; after: Catalogue }[] = [];
  let current = from;
  for (let round = 0; round < ROUNDS * 2; round++) {
    const { statements } = planChanges(current, to, options.renames);
    if (statements.length === 0 || compareCatalogues(current, to).length === 0) break;
    refuseDataLoss(statements, possibleRenames, options.allowDrop);
    const part = await runPlanned(database, firstTransaction(statements), "up");
    const after = await read();
    const last = ups.at(-1);
    // A second round for the rest belongs to the same migration; what needs its own transaction does not.
    if (last !== undefined && canShareTransaction(last.statements, part)) {
      last.statements.push(...part);
      last.after = after;
    } else ups.push({ statements: part, before: current, after });
    current = after;
  }
  const rest = compareCatalogues(current, to);
  requireNothing("The plan does not lead to the schema files", rest);

  const backRenames = options.renames.map((rename) => ({ from: rename.to, to: rename.from }));
  const migrations: GeneratedMigration[] = [];
  const lost: Change[] = [];
  for (const { statements, before, after } of ups.toReversed()) {
    const down = options.noDown ? [] : await planDown({ database, read }, after, before, backRenames, lost);
    migrations.unshift({ up: statements, down, text: renderMigration(statements, down) });
  }
  const byHand = { up: rest.filter(({ planned }) => !planned), down: lost };
  return { migrations, possibleRenames, byHand };
}

/** A database in use has objects that no plan can bring to a scratch database, and that are there all the same. */
function asGiven(from: Source, catalogue: Catalogue): Catalogue {
  return from.kind === "catalogue" ? { ...catalogue, unmodelled: from.catalogue.unmodelled } : catalogue;
}

/**
 * What can run in one transaction, from the beginning. New values of enums come first and alone: they need nothing
 * that a plan makes, and whatever uses them needs a COMMIT in between.
 */
function firstTransaction(statements: readonly PlannedStatement[]): readonly PlannedStatement[] {
  const newValues = statements.filter(({ endsTransaction }) => endsTransaction);
  if (newValues.length > 0) return newValues;
  const boundary = statements.findIndex(({ startsTransaction }, index) => index > 0 && startsTransaction);
  return boundary < 0 ? statements : statements.slice(0, boundary);
}

function canShareTransaction(before: readonly PlannedStatement[], after: readonly PlannedStatement[]): boolean {
  return (
    before.every(({ transactional, endsTransaction }) => transactional && !endsTransaction) &&
    after.every(({ transactional, startsTransaction }) => transactional && !startsTransaction)
  );
}

async function planDown(
  { database, read }: { readonly database: Database; readonly read: () => Promise<Catalogue> },
  after: Catalogue,
  before: Catalogue,
  renames: readonly Rename[],
  lost: Change[],
): Promise<MeasuredStatement[]> {
  const down: MeasuredStatement[] = [];
  let current = after;
  for (let round = 0; round < ROUNDS; round++) {
    const { statements } = planChanges(current, before, renames);
    if (statements.length === 0 || compareCatalogues(current, before).length === 0) break;
    down.push(...(await runPlanned(database, statements, "down")));
    current = await read();
  }
  const rest = compareCatalogues(current, before);
  requireNothing("The way back does not lead to where it began (--no-down does without it)", rest);
  lost.push(...rest.filter(({ planned }) => !planned));
  return down;
}

/** Runs statements one by one, so that what each does can be told. */
async function runPlanned(
  database: Database,
  statements: readonly PlannedStatement[],
  way: string,
): Promise<MeasuredStatement[]> {
  const meter = await startMeter(database);
  const measured: MeasuredStatement[] = [];
  for (const statement of statements) {
    try {
      const effects = await withMissingRoles(database, async () => {
        if (statement.transactional) return await meter.run(statement.sql);
        await database.execute(statement.sql);
        return NO_EFFECTS;
      });
      measured.push({ ...statement, effects });
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
      throw new ConfitureError("generate_refused", `The planned way ${way} cannot be run: ${error.server.message}`, {
        hint: `Nothing was written. Write this step by hand (confiture migrate new). PostgreSQL refused:\n${statement.sql}`,
        server: error.server,
        cause: error,
      });
    }
  }
  return measured;
}

function refuseDataLoss(
  statements: readonly PlannedStatement[],
  possibleRenames: readonly PossibleRename[],
  allowed: boolean,
): void {
  const losing = statements.filter(({ loss }) => loss !== undefined);
  if (allowed || losing.length === 0) return;
  throw new ConfitureError(
    "generate_refused",
    `The migration would lose data:\n${losing.map(({ sql, loss }) => `  ${sql}; -- ${loss}`).join("\n")}`,
    {
      hint: [
        "Nothing was written. If that is meant: --allow-drop",
        ...possibleRenames.map((rename) => `If ${rename.from} was renamed: ${renameFlag(rename)}`),
      ].join("\n"),
    },
  );
}

function renameFlag({ from, to }: PossibleRename): string {
  return `--rename ${from}=${to.split(".").at(-1)}`;
}

/** @throws ConfitureError `usage` for a rename that names nothing that was dropped or added */
function requireKnownRenames(renames: readonly Rename[], from: Catalogue, to: Catalogue): void {
  const candidates = planChanges(from, to).possibleRenames;
  for (const rename of renames) {
    if (candidates.some((candidate) => candidate.from === rename.from && candidate.to === rename.to)) continue;
    const known = candidates.map(renameFlag);
    throw new ConfitureError("usage", `${rename.from} cannot have become ${rename.to}`, {
      hint: known.length === 0 ? "Nothing looks renamed." : `What looks renamed: ${known.join(", ")}`,
    });
  }
}

/** Runs the files as the runner will, on a fresh copy of `from`: up to the schema, and back. */
async function prove(
  options: GenerateOptions,
  migrations: readonly GeneratedMigration[],
  to: Catalogue,
): Promise<void> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "confiture-proof-")));
  try {
    mkdirSync(join(dir, "m"));
    for (const [index, { text }] of migrations.entries()) writeFileSync(join(dir, "m", `${index + 1}_proof.sql`), text);
    const files = discoverMigrations(dir, "m").migrations;
    const loaded = await Promise.all(files.map((file) => loadMigration(dir, file)));
    await withScratch(options, async (database) => {
      await prepareSource(database, options, options.from);
      await database.execute("drop table if exists public.confiture_migrations");
      const run = await startRun(database, options);
      const before = await run.read();
      for (const migration of loaded) await step(migration, "up");
      const changes = compareCatalogues(await run.read(), to);
      requireNothing("Run as a migration, it does not lead to the schema files", changes);
      if (options.noDown) return;
      for (const migration of loaded.toReversed()) await step(migration, "down");
      const rest = compareCatalogues(await run.read(), before);
      requireNothing("Run as a migration, its way back does not lead to where it began", rest);

      async function step(migration: (typeof loaded)[number], direction: "up" | "down"): Promise<void> {
        const error = await run.step(migration, direction);
        if (error !== undefined) {
          throw error.with({ code: "generate_refused", message: `The generated migration fails: ${error.message}` });
        }
      }
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @throws ConfitureError `generate_refused` when something differs that plans hold SQL for */
function requireNothing(what: string, changes: readonly Change[]): void {
  const planned = changes.filter((change) => change.planned);
  if (planned.length > 0) throw unproven(what, planned);
}

function unproven(what: string, changes: readonly Change[]): ConfitureError {
  const list = changes.map(({ change, kind, name }) => `  ${change} ${kind} ${name}`).join("\n");
  return new ConfitureError("generate_refused", `${what}. What remains different:\n${list}`, {
    hint: "Nothing was written. Write this migration by hand: confiture migrate new",
  });
}
