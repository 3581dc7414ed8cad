import { placeIn } from "#database/script.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { baseFile } from "#migrate/base.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { type MigrationFile, migrationId, type SquashedMigration } from "#migrate/files/migration-file.ts";
import { originOf } from "#migrate/import/origin.ts";
import { requireKnown } from "#migrate/plan.ts";
import { withBaseHead } from "#migrate/files/squashed.ts";
import { compareVersions, isBase } from "#migrate/files/version.ts";
import { loadParser } from "#sql/parser.ts";
import { nothingKnown } from "#sql/effects/uncompared.ts";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { uncomparedOf } from "../contained/loaded.ts";
import { readState, type State } from "../contained/replayed.ts";
import { readRowHashes } from "../contained/rows.ts";
import type { UndoneChange } from "../generate/removals.ts";
import { SCRATCH_LEDGER, type ScratchRun, startRun } from "../runs/scratch-run.ts";
import { type ScratchSeries, withScratchSeries } from "../runs/scratch-series.ts";
import { hasSchemaFiles, isMissingObject, type ProjectFiles, sourceCatalogue } from "../sources/sources.ts";
import { findUndone } from "../update/undone.ts";
import { baseHeader } from "./base.ts";
import { readCells, type TableCells } from "./cells.ts";
import { differingColumns, REPRODUCED, reproducible } from "./reproducible.ts";
import { requireSame, stopBefore } from "./require-same.ts";
import { withLoadedBase } from "../runs/loaded-base.ts";
import { sessionCode } from "./session-code.ts";
import { type BaseScript, readScript } from "./text.ts";
import { lastWriter, valueSources, writersOf } from "./value-sources.ts";

export interface SquashOptions extends ProjectFiles {
  /** The last version that goes into the base. */
  readonly through: string;
  /** Asks whatever else may be in the way, once the files themselves are not. */
  readonly beforeRun?: (() => Promise<void>) | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
}

export interface Squash {
  /** The new base, and where it belongs. */
  readonly base: { readonly path: string; readonly text: string };
  /** Whose files are to go. */
  readonly squashed: readonly MigrationFile[];
  readonly rest: readonly MigrationFile[];
  /** What code of those that go may do, and the base may not. */
  readonly doubts: readonly string[];
  /** What the schema files build otherwise than base and migrations; an error where they build nothing. */
  readonly unlikeSchema: readonly Change[] | ConfitureError;
  /** What they have as it was before one of those that go: without its file, nobody can tell that they are behind. */
  readonly undone: readonly UndoneChange[];
}

/**
 * Moves the base forward: one script in the place of the base and the migrations up to a version, proven to make the same
 * objects, rows and sequences, alone and with all later migrations after it. Writes nothing.
 * @throws ConfitureError `squash_refused`, `migration_unknown`
 */
export async function squash(options: SquashOptions): Promise<Squash> {
  const found = discoverMigrations(options.projectDir, options.migrationsDir, options.migrationsLayout);
  const { base, migrations } = found;
  const already = base?.squashed?.find(({ version }) => compareVersions(version, options.through) === 0);
  if (already !== undefined) {
    throw refused(
      `${migrationId(already)} is in the base already`,
      "Nothing was changed. `confiture migrate status` shows what is not.",
    );
  }
  const last = requireKnown(migrations, options.through);
  if (found.layout !== "confiture") {
    throw refused(
      `${options.migrationsDir} is laid out for another tool, which keeps a record of its own of what is there`,
      "Nothing was changed. `confiture migrate import` rewrites it in this tool's form.",
    );
  }
  const gone = migrations.filter(({ version }) => compareVersions(version, last.version) <= 0);
  const origins = new Map(gone.map((file) => [file, originOf(options.projectDir, file)]));
  const stood = gone.find((file) => (origins.get(file)?.baselines.length ?? 0) > 0);
  if (stood !== undefined) {
    throw refused(
      `${stood.path} was imported with a baseline that stood for those before it: a database that began with that has no others`,
      "Nothing was changed. Migrations with such a baseline cannot be squashed.",
    );
  }
  const before = await loadAll(options, [...(base === undefined ? [] : [base]), ...gone]);
  const rest = await loadAll(
    options,
    migrations.filter((file) => !gone.includes(file)),
  );
  const doubts = await refuseUncompared(before);
  await options.beforeRun?.();
  const squashed: SquashedMigration[] = [
    ...(base?.squashed ?? []),
    ...before.slice(base === undefined ? 0 : 1).map(({ file, checksum }) => {
      const origin = origins.get(file);
      const formerly = origin?.isAsWritten === true ? origin.before : undefined;
      return { version: file.version, name: file.name, checksum, formerly };
    }),
  ];
  return await withScratchSeries(options, async (series) => {
    options.onStep?.("Running what is to be squashed");
    const database = await series.empty();
    const empty = await readCatalogue(database);
    const run = await startRun(database, options);
    await runAll(run, before, "does not run", (error, index) =>
      base === undefined && index === 0 && isMissingObject(error) ? FROM_NOTHING : NOTHING,
    );
    const wanted = await readState(database, run);
    const script = await readScript(database, empty, wanted.catalogue);
    await runAll(run, rest, "does not run");
    const end = await readState(database, run);
    const ends = await readCells(database);
    const again =
      script.tables.length + ends.length === 0
        ? { text: script.text(), wanted, end, others: NONE, othersAtEnd: NONE }
        : await runAgain(options, series, { before, rest, script, wanted, end, ends });
    const text = withBaseHead(`${baseHeader(options)}\n${again.text}`, { squashed, through: base?.through });
    options.onStep?.("Proving the new base");
    await withLoadedBase(text, baseFile(options.migrationsDir).path, async (loaded) => {
      const other = await series.empty();
      const proving = await startRun(other, options);
      await runAll(proving, [loaded], "would not run");
      requireSame(await readState(other, proving, { ignored: again.others }), again.wanted, "The new base", {
        before,
        rest: [],
      });
      await runAll(proving, rest, "does not apply to the new base");
      const made = await readState(other, proving, { ignored: again.othersAtEnd });
      requireSame(made, again.end, "The new base, with the later migrations,", { before, rest });
    });
    options.onStep?.("Comparing with the schema files");
    return {
      ...(await compareWithSchemaFiles(options, end.catalogue, gone)),
      base: { path: baseFile(options.migrationsDir).path, text },
      squashed: gone,
      rest: rest.map(({ file }) => file),
      doubts: [
        ...doubts,
        ...(script.tables.length === 0 ? [] : sessionCode(before.filter(({ file }) => !isBase(file.version)))),
      ],
    };
  });
}

async function compareWithSchemaFiles(
  options: SquashOptions,
  end: Catalogue,
  gone: readonly MigrationFile[],
): Promise<Pick<Squash, "unlikeSchema" | "undone">> {
  if (!hasSchemaFiles(options)) return { unlikeSchema: [], undone: [] };
  const schema = await sourceCatalogue(options, { kind: "schema" }).catch((error: unknown) => asFailure(error));
  if (schema instanceof ConfitureError) return { unlikeSchema: schema, undone: [] };
  const unlikeSchema = compareCatalogues(end, schema);
  const paths = new Set(gone.map(({ path }) => path));
  return { unlikeSchema, undone: await findUndone(options, schema, unlikeSchema, ({ path }) => paths.has(path)) };
}

const NONE: ReadonlySet<string> = new Set();

/** What a first run has shown. */
interface FirstRun {
  readonly before: readonly LoadedMigration[];
  readonly rest: readonly LoadedMigration[];
  readonly script: BaseScript;
  readonly wanted: State;
  readonly end: State;
  /** The rows at its end. */
  readonly ends: readonly TableCells[];
}

/** Runs everything a second time, which shows what is another one each time. */
async function runAgain(
  options: SquashOptions,
  series: ScratchSeries,
  { before, rest, script, wanted, end, ends }: FirstRun,
): Promise<{
  readonly text: string;
  readonly wanted: State;
  readonly end: State;
  /** Columns that no comparison of rows goes by. */
  readonly others: ReadonlySet<string>;
  readonly othersAtEnd: ReadonlySet<string>;
}> {
  options.onStep?.("Running it again, for values that are others each time");
  const database = await series.empty();
  const run = await startRun(database, options);
  await runAll(run, before, "does not run a second time");
  const cells = await readCells(database);
  const { write, others } = await reproducible(
    database,
    script.tables,
    cells,
    valueSources(writersOf(before), await loadParser(), script.tables),
    {
      of: (message, location) => {
        const by = before.find(({ file }) => file.path === location?.file);
        const way = stopBefore(before, by) ?? "Squash up to the migration before the one that writes it.";
        return new ConfitureError("squash_refused", message, {
          hint: `Nothing was changed. ${REPRODUCED}\n${way}`,
          location,
        });
      },
      writerOf: (table) => lastWriter(table, writersOf(before), before),
    },
  );
  const rows = await readRowHashes(database, SCRATCH_LEDGER, { ignored: others });
  await runAll(run, rest, "does not run a second time");
  const othersAtEnd = new Set([...others, ...differingColumns(ends, await readCells(database))]);
  const atEnd = await readRowHashes(database, SCRATCH_LEDGER, { ignored: othersAtEnd });
  return {
    text: script.text(write),
    wanted: { ...wanted, rows },
    end: { ...end, rows: atEnd },
    others,
    othersAtEnd,
  };
}

/**
 * What no comparison shows is in no base: roles, the database's own settings, large objects.
 * @returns what code may do of the kind
 * @throws ConfitureError `squash_refused` at a statement that certainly does
 */
async function refuseUncompared(migrations: readonly LoadedMigration[]): Promise<string[]> {
  const parser = await loadParser();
  const known = nothingKnown();
  return migrations.flatMap((migration) => {
    const { file, up } = migration;
    const effects = uncomparedOf(migration, parser, known);
    // What the base does comes with it.
    return (isBase(file.version) ? [] : effects).map(({ statement, what, isSure }) => {
      if (!isSure) return `${migrationId(file)} runs code that possibly ${what}, which base.sql does not hold`;
      throw new ConfitureError("squash_refused", `${migrationId(file)} ${what}, which base.sql would not hold`, {
        hint: `Nothing was changed. ${stopBefore(migrations, migration) ?? ""}\n${moveOn(file)}`,
        location:
          up.kind === "sql" && statement !== undefined ? placeIn(up.script, statement.start) : { file: file.path },
      });
    });
  });
}

/** Databases that have it, have what it was. */
function moveOn({ version }: MigrationFile): string {
  return `Or move this statement into a later migration that stays, and that changes nothing where it has run already. Then, for each database that has it: confiture migrate accept ${shellWord(version)} --different`;
}

async function loadAll(options: SquashOptions, files: readonly MigrationFile[]): Promise<LoadedMigration[]> {
  const loaded: LoadedMigration[] = [];
  for (const file of files) loaded.push(await loadWithinLimit(options, file));
  return loaded;
}

async function runAll(
  run: ScratchRun,
  migrations: readonly LoadedMigration[],
  what: string,
  hint: (error: ConfitureError, index: number) => string = () => NOTHING,
): Promise<void> {
  for (const [index, migration] of migrations.entries()) {
    const error = await run.step(migration, "up");
    if (error === undefined) continue;
    throw refused(`${migrationId(migration.file)} ${what}: ${error.message}`, hint(error, index), error);
  }
}

const NOTHING = "Nothing was changed. `confiture verify` says whether base and migrations are right as they are.";

const FROM_NOTHING =
  "Nothing was changed. What there is before the first migration is in no base.sql. `confiture migrate base` writes it.";

function refused(message: string, hint: string, cause?: ConfitureError): ConfitureError {
  // Where it failed, and what PostgreSQL says of it.
  return new ConfitureError("squash_refused", message, {
    hint: cause?.hint === undefined ? hint : `${cause.hint}\n${hint}`,
    cause,
    location: cause?.location,
    server: cause?.server,
  });
}
