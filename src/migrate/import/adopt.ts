import { resolve } from "node:path";
import { FileBytes } from "#database/file-bytes.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Database } from "#database/database.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { fromNothing } from "../baselines.ts";
import { discoverMigrations } from "../files/discover.ts";
import { exclusively, type MigrateOptions } from "../exclusive.ts";
import { createLedger } from "../ledger/change.ts";
import { insertSql } from "../ledger/statements.ts";
import { recordedOf } from "../files/load.ts";
import type { ForeignHistory, ForeignRecord, ForeignTable } from "../layouts/layout.ts";
import { keyIn, readForeignHistory } from "../layouts/read-history.ts";
import { LAYOUTS } from "../layouts/registry.ts";
import { importedKey, type Origin, originOf } from "./origin.ts";
import { changeLedgerSurely } from "../sure-change.ts";
import { readHistory } from "../status.ts";
import { tableSettings } from "./tool-settings.ts";
import { foreignHistories } from "./unread-history.ts";
import { canonicalVersion, compareVersions, isRepeatable } from "../files/version.ts";

/**
 * Records the history that another tool keeps in this database, without running anything or touching its table.
 * @returns what was recorded
 * @throws ConfitureError `adoption_refused` when that history and the files do not agree
 */
export async function adoptHistory(
  options: MigrateOptions,
  tool: string,
  table: string | undefined,
): Promise<MigrationFile[]> {
  return await exclusively(options, async (database, ledger) => {
    const history = await readHistory(database, ledger, options);
    const { base, layout, migrations: files } = discoverMigrations(options.projectDir, options.dir, options.layout);
    const told = tableSettings(options.projectDir, layout).find((setting) => setting.tool === tool)?.value;
    const foreign = await readForeignHistory(database, tool, table ?? told);
    const origins = new Map(files.map((file) => [file, originOf(options.projectDir, file)]));
    const matched = matchFiles(options.projectDir, tool, files, foreign, origins, base?.through);
    const pairs =
      matched.isInBase && base !== undefined ? [{ file: base, record: undefined }, ...matched.pairs] : matched.pairs;
    const recorded = new Set(
      history.filter((entry) => entry.row !== undefined).map((entry) => canonicalVersion(entry.version)),
    );
    const missing = pairs.filter(({ file }) => !recorded.has(canonicalVersion(file.version)));
    if (missing.length === 0) return [];
    const created = await createLedger(database, ledger);
    /** What ran again is known as that also after it was rewritten: others may be open though they have lower numbers. */
    const asRecorded = (file: MigrationFile): MigrationFile => {
      const former = origins.get(file)?.before?.version ?? "";
      return isRepeatable(former) ? { ...file, version: former, name: "" } : file;
    };
    const rows = missing.map(({ file, record }) => {
      const texts = recordedOf(options.projectDir, file);
      return insertSql(created, { ...asRecorded(file), ...texts }, options.toolVersion, {
        state: "applied",
        executionMs: String(Math.round(record?.executionMs ?? 0)),
        ...(record?.appliedAt === undefined ? {} : { appliedAt: record.appliedAt }),
        ...(record?.appliedBy === undefined ? {} : { appliedBy: record.appliedBy }),
      });
    });
    await changeLedgerSurely(options, database, created, {
      sql: rows.join("; "),
      isMade: (row) => missing.every(({ file }) => row(asRecorded(file).version) !== undefined),
    });
    return missing.map(({ file }) => file);
  });
}

interface Pair {
  readonly file: MigrationFile;
  readonly record: ForeignRecord | undefined;
}

/** What another tool has applied, as far as there are files. */
interface Matched {
  readonly pairs: readonly Pair[];
  /** Whether the base stands for some of it. */
  readonly isInBase: boolean;
}

/**
 * Every record with its file; refuses whatever does not fit, all of it at once.
 * @param through up to where the base stands for migrations without files
 */
function matchFiles(
  projectDir: string,
  tool: string,
  files: readonly MigrationFile[],
  { history: foreign, definition }: { readonly history: ForeignHistory; readonly definition: ForeignTable },
  origins: ReadonlyMap<MigrationFile, Origin | undefined>,
  through: string | undefined,
): Matched {
  if (foreign.kind === "through") {
    const { version } = foreign;
    if (version === undefined) return { pairs: [], isInBase: false };
    const pairs = files.filter((file) => compareVersions(file.version, version) <= 0);
    const last = pairs.at(-1)?.version ?? through;
    if (through !== undefined && compareVersions(version, through) < 0) throw behind(tool, version, through);
    if (last === undefined || compareVersions(last, version) !== 0) {
      throw refused(
        tool,
        [`version ${version} is applied, but has no file`],
        ["bring missing files back, or rename files to the versions in that history"],
        pairs.length === 0 ? version : undefined,
      );
    }
    return { pairs: pairs.map((file) => ({ file, record: undefined })), isInBase: through !== undefined };
  }
  const keyOf = (file: MigrationFile): string => keyIn(definition, file, origins.get(file)?.key);
  const runsAgain = (file: MigrationFile): boolean => isRepeatable(keyOf(file));
  /** Whether it is what the tool applied, as far as that can be told. */
  const isFileOf = ({ isSum }: ForeignRecord, file: MigrationFile): boolean => {
    const { path } = file;
    const origin = origins.get(file);
    const layout = origin === undefined ? file.layout : origin.layout;
    if (isSum === undefined || layout === undefined || !Object.hasOwn(LAYOUTS[layout].histories, tool)) return true;
    if (origin !== undefined) return origin.sums === undefined || (origin.isAsWritten && origin.sums.some(isSum));
    const bytes = new FileBytes(path, resolve(projectDir, path));
    return definition.sumsOf?.(() => bytes.pieces()).some(isSum) ?? true;
  };
  // A baseline has the version of what it stands for.
  const versioned = files.filter(({ baseline }) => baseline !== true);
  const byKey = new Map(versioned.map((file) => [canonicalVersion(keyOf(file)), file]));
  const disagreements: string[] = [];
  const advice = new Set<string>();
  const pairs: Pair[] = [];
  let isInBase = false;
  for (const record of foreign.records) {
    const file = byKey.get(canonicalVersion(record.key));
    if (file === undefined) {
      if (through !== undefined && compareVersions(record.key, through) <= 0) isInBase = true;
      // One that runs again leaves nothing open when its file was left behind.
      else if (!isRepeatable(record.key)) {
        disagreements.push(`version ${record.key} is applied, but has no file`);
        advice.add("bring missing files back, or rename files to the versions in that history");
      }
    } else if (!isFileOf(record, file)) {
      // One that runs again whenever it changes is simply to run again.
      if (!runsAgain(file)) {
        disagreements.push(`${file.path} is not the file that was applied`);
        advice.add(`put edited files back as they were${tool === "flyway" ? ", or run `flyway repair` first" : ""}`);
      }
    } else pairs.push({ file, record });
  }
  const applied = new Set(pairs.map(({ file }) => file));
  const { baseline } = foreign;
  if (baseline !== undefined) {
    const covered = fromNothing(files).filter(({ version }) => compareVersions(version, baseline) <= 0);
    for (const file of covered) {
      if (applied.has(file) || runsAgain(file)) continue;
      pairs.push({ file, record: undefined });
      applied.add(file);
    }
    pairs.sort((a, b) => compareVersions(a.file.version, b.file.version));
  }
  const newest = pairs.reduce<string | undefined>(
    (max, { file }) =>
      !runsAgain(file) && (max === undefined || compareVersions(file.version, max) > 0) ? file.version : max,
    undefined,
  );
  for (const file of versioned) {
    if (applied.has(file) || runsAgain(file)) continue;
    if (newest !== undefined && compareVersions(file.version, newest) < 0) {
      disagreements.push(`${migrationId(file)} is not applied, though later ones are`);
      advice.add(`apply with ${tool} what it has left out, or give those files versions after the newest one applied`);
    }
  }
  if (disagreements.length > 0) throw refused(tool, disagreements, [...advice], newestGone(foreign.records, byKey));
  const isThere = foreign.records.some(({ key }) => through !== undefined && compareVersions(key, through) === 0);
  if (through !== undefined && newest === undefined && foreign.records.length > 0 && !isThere) {
    throw behind(
      tool,
      foreign.records
        .map(({ key }) => key)
        .toSorted(compareVersions)
        .at(-1)!,
      through,
    );
  }
  return { pairs, isInBase };
}

/** The newest of the records without files, where every file is newer. */
function newestGone(
  records: readonly Pick<ForeignRecord, "key">[],
  byKey: ReadonlyMap<string, MigrationFile>,
): string | undefined {
  const gone = records
    .map(({ key }) => key)
    .filter((key) => !byKey.has(canonicalVersion(key)) && !isRepeatable(key))
    .toSorted(compareVersions)
    .at(-1);
  const isFirst = [...byKey.values()].every(
    ({ version }) => gone !== undefined && (isRepeatable(version) || compareVersions(version, gone) > 0),
  );
  return isFirst ? gone : undefined;
}

/**
 * The last migration that another tool has applied in a database, and of which there is no file, where all files are of later ones.
 */
export async function withoutFiles(
  database: Database,
  files: readonly MigrationFile[],
  projectDir: string,
): Promise<string | undefined> {
  for (const { definition, history } of await foreignHistories(database)) {
    const byKey = new Map(
      files.map((file) => [canonicalVersion(keyIn(definition, file, importedKey(projectDir, file))), file]),
    );
    const through = history.kind === "through" && history.version !== undefined ? [{ key: history.version }] : [];
    const gone = newestGone(history.kind === "records" ? history.records : through, byKey);
    if (gone !== undefined) return gone;
  }
  return undefined;
}

function behind(tool: string, version: string, through: string): ConfitureError {
  return new ConfitureError(
    "adoption_refused",
    `${tool} has applied version ${version} here, and base.sql holds what there is after version ${through}`,
    { hint: `Nothing was recorded. Bring this database to version ${through} with ${tool} first.` },
  );
}

/**
 * @param advice what puts it right, a part of a sentence for each kind of disagreement
 * @param gone the last version of which there is no file, where all files are of later ones
 */
function refused(
  tool: string,
  disagreements: readonly string[],
  advice: readonly string[],
  gone?: string,
): ConfitureError {
  return new ConfitureError(
    "adoption_refused",
    `The history of ${tool} and the files do not agree:\n${disagreements.map((line) => `  ${line}`).join("\n")}`,
    {
      hint:
        gone === undefined
          ? `Nothing was recorded. ${advice.map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}.`).join(" ")}`
          : `Nothing was recorded. If the files up to ${gone} are gone for good, \`confiture migrate base --from env:NAME\` writes what they made into base.sql, with the line "-- through: ${gone}" from a database that is there; then take the history over.`,
      data: { disagreements },
    },
  );
}
