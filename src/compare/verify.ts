import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations, type MigrationFile, migrationId } from "#migrate/discover.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import { loadMigration } from "#migrate/load.ts";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import { type Change, compareCatalogues } from "./changes.ts";
import { withRevision } from "./git.ts";
import { planSql } from "./plan.ts";
import { withScratch } from "./scratch.ts";
import { asFailure, type ScratchRun, startRun } from "./scratch-run.ts";
import {
  buildSchema,
  isMissingObject,
  migrationsSince,
  type ProjectFiles,
  schemaBuild,
  schemaFolders,
} from "./sources.ts";

export interface VerifyOptions extends ProjectFiles {
  /** A commit: what is proven is that the schema files of then and the migrations added since give those of now. */
  readonly base?: string | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
}

/** What was proven or disproven, one for each promise. */
export interface Check {
  readonly name: "build" | "migrations" | "agreement";
  readonly outcome: "proven" | "disproven" | "not-checked";
  /** One line for people. */
  readonly summary: string;
  readonly findings: readonly Finding[];
}

export interface Finding {
  /** The migration that it is about. */
  readonly migration?: MigrationFile;
  readonly message: string;
  /** What PostgreSQL or the tool said, where something failed. */
  readonly error?: ConfitureError;
  /** What differs, from what should be to what is. */
  readonly changes?: readonly Change[];
  /** The SQL that would close the gap. */
  readonly sql?: readonly string[];
}

export interface VerifyReport {
  readonly checks: readonly Check[];
  /**
   * `migrations`: they were replayed from an empty database; `schema`: they do not start from nothing, so the
   * built schema was rolled back through them and brought forward again; `behind`: the schema files do not hold the
   * migrations' changes, which were applied to what they build; `base`: the schema files of a commit were
   * brought forward.
   */
  readonly from: "migrations" | "schema" | "behind" | "base" | "none";
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
}

/**
 * Proves, in scratch databases, that the schema files build, that every migration applies, rolls back exactly and
 * applies again, and that both ways lead to the same database.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const unchecked = new Set<string>();
  options.onStep?.("Building the schema files");
  const built = await buildCatalogue(options);
  if (built instanceof ConfitureError) {
    const finding = { message: "The schema files do not build", error: built };
    const check: Check = { name: "build", outcome: "disproven", summary: finding.message, findings: [finding] };
    return { checks: [check], from: "none", unchecked: ["the migrations, which are compared with the built schema"] };
  }
  for (const { kind, count, samples } of built.notCompared) {
    unchecked.add(`${count} of kind ${kind}, which cannot be compared (${samples.join(", ")})`);
  }
  const files = schemaBuild(options).files.length;
  const build: Check = {
    name: "build",
    outcome: "proven",
    summary: `Schema files build from nothing (${files} ${files === 1 ? "file" : "files"})`,
    findings: [],
  };
  const loaded = await loadAll(options);
  if (loaded.length === 0 && options.base === undefined) {
    return { checks: [build], from: "none", unchecked: [...unchecked, "migrations: there are none"] };
  }
  for (const { file, down } of loaded) {
    if (down === undefined) unchecked.add(`rolling back ${migrationId(file)}, which has no down`);
  }
  options.onStep?.("Replaying the migrations");
  const { from, replay } = await replayMigrations(options, loaded, unchecked);
  const checks = [build, migrationsCheck(loaded, replay), agreementCheck(built, replay)];
  return { checks, from, unchecked: [...unchecked] };
}

async function replayMigrations(
  options: VerifyOptions,
  loaded: readonly LoadedMigration[],
  unchecked: Set<string>,
): Promise<{ from: VerifyReport["from"]; replay: Replay }> {
  if (options.base !== undefined) return { from: "base", replay: await replayFromBase(options, options.base, loaded) };
  const replay = await replayFromNothing(options, loaded);
  if (replay !== undefined) return { from: "migrations", replay };
  const around = await replayFromSchema(options, loaded, unchecked);
  if (around !== undefined) return { from: "schema", replay: around };
  return { from: "behind", replay: await applyToSchema(options, loaded) };
}

/** What replaying the migrations showed. */
interface Replay {
  readonly findings: readonly Finding[];
  /** How many migrations were applied for good. */
  readonly applied: number;
  /** After all of them; undefined when they did not get that far. */
  readonly end: Catalogue | undefined;
}

async function buildCatalogue(options: VerifyOptions): Promise<Catalogue | ConfitureError> {
  return await withScratch(options, async (database) => {
    try {
      await buildSchema(database, options);
      return await readCatalogue(database);
    } catch (error) {
      return asFailure(error);
    }
  });
}

async function loadAll(options: VerifyOptions): Promise<LoadedMigration[]> {
  const files =
    options.base === undefined
      ? discoverMigrations(options.projectDir, options.migrationsDir).migrations
      : await migrationsSince(options, options.base);
  const loaded: LoadedMigration[] = [];
  for (const file of files) loaded.push(await loadMigration(options.projectDir, file));
  return loaded;
}

/** Builds the schema files of the base commit and brings them forward. */
async function replayFromBase(
  options: VerifyOptions,
  base: string,
  loaded: readonly LoadedMigration[],
): Promise<Replay> {
  return await withRevision(options.projectDir, base, schemaFolders(options), (projectDir) =>
    withScratch(options, async (database) => {
      await buildSchema(database, { ...options, projectDir });
      return await forward(await startRun(database, options), loaded);
    }),
  );
}

/**
 * Replays the migrations from an empty database.
 * @returns undefined when the first migration needs something that only the schema files create
 */
async function replayFromNothing(
  options: VerifyOptions,
  loaded: readonly LoadedMigration[],
): Promise<Replay | undefined> {
  return await withScratch(options, async (database) => {
    const replay = await forward(await startRun(database, options), loaded);
    const [finding] = replay.findings;
    const startsElsewhere = replay.applied === 0 && finding?.error !== undefined && isMissingObject(finding.error);
    return startsElsewhere ? undefined : replay;
  });
}

/** Each migration up, down (which has to give what was before), and up again. */
async function forward(run: ScratchRun, loaded: readonly LoadedMigration[]): Promise<Replay> {
  const findings: Finding[] = [];
  const stop = (migration: LoadedMigration, what: string, error: ConfitureError, applied: number): Replay => ({
    findings: [...findings, failed(migration, what, error)],
    applied,
    end: undefined,
  });
  let before = await run.read();
  for (const [applied, migration] of loaded.entries()) {
    const upError = await run.step(migration, "up");
    if (upError !== undefined) return stop(migration, "does not apply", upError, applied);
    const after = await run.read();
    if (migration.down !== undefined) {
      const downError = await run.step(migration, "down");
      if (downError !== undefined) return stop(migration, "does not roll back", downError, applied);
      findings.push(...difference(migration, "does not roll back exactly", before, await run.read()));
      const againError = await run.step(migration, "up");
      if (againError !== undefined)
        return stop(migration, "does not apply again after its rollback", againError, applied);
    }
    before = after;
  }
  const end = await run.read();
  const changes = compareCatalogues(before, end);
  if (changes.length > 0) findings.push({ message: "Applying the migrations again gives another result", changes });
  return { findings, applied: loaded.length, end };
}

/** A step that did not lead to where it should. */
function difference({ file }: LoadedMigration, what: string, should: Catalogue, is: Catalogue): Finding[] {
  const changes = compareCatalogues(should, is);
  if (changes.length === 0) return [];
  const message = `${migrationId(file)} ${what}; what is different afterwards`;
  return [{ migration: file, message, changes, sql: planSql(is, should) }];
}

/**
 * Builds the schema, rolls it back through the migrations (each down, up, down: the two have to give the same),
 * and brings it forward again.
 * @returns undefined when the schema files do not hold what a migration would take away
 */
async function replayFromSchema(
  options: VerifyOptions,
  loaded: readonly LoadedMigration[],
  unchecked: Set<string>,
): Promise<Replay | undefined> {
  const reversible = loaded.slice(loaded.findLastIndex(({ down }) => down === undefined) + 1);
  if (reversible.length < loaded.length) {
    unchecked.add(
      "migrations up to the last one without a down: they do not start from nothing, and the way back ends there",
    );
  }
  return await withScratch(options, async (database): Promise<Replay | undefined> => {
    await buildSchema(database, options);
    const run = await startRun(database, options);
    for (const migration of loaded) await run.record(migration);
    const findings: Finding[] = [];
    // Each of these shows again when schema files and migrations are compared at the end, if it comes to that.
    const lost: Finding[] = [];
    const stop = (migration: LoadedMigration, what: string, error: ConfitureError): Replay => ({
      findings: [...findings, ...lost, failed(migration, what, error)],
      applied: 0,
      end: undefined,
    });
    for (const migration of reversible.toReversed()) {
      const above = await run.read();
      // The schema files may simply not hold this migration's change yet.
      if ((await run.step(migration, "down")) !== undefined) return undefined;
      const below = await run.read();
      const upError = await run.step(migration, "up");
      if (upError !== undefined) return stop(migration, "does not apply after its rollback", upError);
      lost.push(...difference(migration, "does not bring back what its rollback takes away", above, await run.read()));
      const downError = await run.step(migration, "down");
      if (downError !== undefined) return stop(migration, "does not roll back a second time", downError);
      findings.push(...difference(migration, "does not roll back exactly", below, await run.read()));
    }
    for (const migration of reversible) {
      const error = await run.step(migration, "up");
      if (error !== undefined) return stop(migration, "does not apply again after its rollback", error);
    }
    // With nothing rolled back, the built schema would only be compared with itself.
    const end = reversible.length === 0 ? undefined : await run.read();
    return { findings, applied: reversible.length, end };
  });
}

/** The schema files do not hold the migrations' changes: what do the migrations make of them? */
async function applyToSchema(options: VerifyOptions, loaded: readonly LoadedMigration[]): Promise<Replay> {
  return await withScratch(options, async (database) => {
    await buildSchema(database, options);
    return await forward(await startRun(database, options), loaded);
  });
}

function failed(migration: LoadedMigration, what: string, error: ConfitureError): Finding {
  return { migration: migration.file, message: `${migrationId(migration.file)} ${what}`, error };
}

function migrationsCheck(loaded: readonly LoadedMigration[], { findings, applied }: Replay): Check {
  const name = "migrations";
  const many = `${loaded.length} ${loaded.length === 1 ? "migration" : "migrations"}`;
  if (findings.length > 0) {
    return { name, outcome: "disproven", summary: "Migrations do not apply, roll back and apply again", findings };
  }
  if (loaded.length === 0) return { name, outcome: "proven", summary: "No migrations were added", findings };
  if (applied === 0) {
    const summary = `${many} could not be run: neither from an empty database nor from the built schema`;
    return { name, outcome: "not-checked", summary, findings };
  }
  const irreversible = loaded.filter(({ down }) => down === undefined).length;
  const verbs =
    loaded.length === 1 ? "applies, rolls back exactly and applies again" : "apply, roll back exactly and apply again";
  return {
    name,
    outcome: "proven",
    summary: irreversible === 0 ? `${many} ${verbs}` : `${many} ${verbs}, as far as they have a way back`,
    findings,
  };
}

function agreementCheck(built: Catalogue, { end }: Replay): Check {
  const name = "agreement";
  if (end === undefined) {
    return {
      name,
      outcome: "not-checked",
      summary: "Whether schema files and migrations agree was not checked",
      findings: [],
    };
  }
  const changes = compareCatalogues(end, built);
  if (changes.length === 0)
    return { name, outcome: "proven", summary: "Schema files and migrations agree", findings: [] };
  const summary = "Schema files and migrations do not agree";
  return {
    name,
    outcome: "disproven",
    summary,
    findings: [{ message: summary, changes, sql: planSql(end, built) }],
  };
}
