import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { factsOf } from "#migrate/files/file-facts.ts";
import { type HistoryEntry, joinHistory } from "#migrate/history.ts";
import type { LedgerRow } from "#migrate/ledger/ledger.ts";
import { checksumOfFile, recordedOf } from "#migrate/files/load.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { findDifference } from "#migrate/same-way-up.ts";
import { renaming } from "#migrate/renamed.ts";
import { LAYOUTS } from "#migrate/layouts/registry.ts";
import { fromNothing } from "#migrate/baselines.ts";
import {
  BASE_VERSION,
  canonicalVersion,
  compareVersions,
  isRepeatable,
  nextVersionAfter,
} from "#migrate/files/version.ts";
import { mergeBase, withRevision } from "./git.ts";
import type { ProjectFiles } from "./sources.ts";

/** A migration that a commit has, and that databases which were migrated with that commit would not know again. */
export interface ChangedMigration {
  /** Where it is, or was. */
  readonly path: string;
  /** Undefined where it is gone. */
  readonly file: MigrationFile | undefined;
  /** What was changed, what databases do about it, and the way out. */
  readonly error: ConfitureError;
  /** Comments, white space or the way back are all that was edited. */
  readonly isSameWayUp: boolean;
}

/** How the migrations of today stand to those of a commit, told as a database tells it that was migrated with that commit. */
export interface SinceThen {
  readonly changed: readonly ChangedMigration[];
  /** Migrations that it lacks, by path, and that are older than its newest one. */
  readonly late: ReadonlyMap<string, ConfitureError>;
  /** Paths of those that it has as they are, perhaps under another name. */
  readonly applied: ReadonlySet<string>;
}

/** The migrations of a commit, as a database has them recorded that was migrated with it. */
interface Then {
  readonly rows: readonly LedgerRow[];
  /** By canonical version; without those that were squashed. */
  readonly files: ReadonlyMap<string, { readonly file: MigrationFile; readonly text: string | null }>;
}

type Folder = Pick<ProjectFiles, "projectDir" | "migrationsDir" | "migrationsLayout">;

/**
 * The migrations of a commit that were edited or deleted since, told as a ledger tells them: by version and checksum. What was only
 * done in that commit's branch, after this one began, is none of this one's doing.
 * @throws ConfitureError `git_failed`
 */
export async function changedSince(files: Folder, revision: string): Promise<readonly ChangedMigration[]> {
  return (await sinceThen(files, revision)).changed;
}

/**
 * As `changedSince`, and which new migrations come too late.
 * @throws ConfitureError `git_failed`
 */
export async function sinceThen(files: Folder, revision: string): Promise<SinceThen> {
  const then = await migrationsAt(files, revision);
  const began = mergeBase(files.projectDir, revision);
  const { migrations, base } = discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
  const history = joinHistory(migrations, then.rows, factsOf(files.projectDir), undefined, base?.squashed);
  const suspects = history.filter(({ standing }) => standing === "edited" || standing === "missing");
  const before = began === undefined || suspects.length === 0 ? then : await migrationsAt(files, began);
  const wasThere = new Map(before.rows.map((row) => [canonicalVersion(row.version), row]));
  const anew = numbersAnew();
  const late = new Map(
    history.flatMap(({ standing, file }) =>
      standing === "out-of-order" && file !== undefined ? [[file.path, tooLate(file)]] : [],
    ),
  );
  const applied = new Set(
    history.flatMap(({ standing, file }) => (standing === "applied" && file !== undefined ? [file.path] : [])),
  );
  const changed = suspects.flatMap((entry) => {
    const row = wasThere.get(canonicalVersion(entry.row!.version));
    if (entry.standing === "missing") return row === undefined ? [] : [gone(entry)];
    const { file } = entry;
    if (file === undefined || checksumOfFile(files.projectDir, file) === row?.checksum) return [];
    return [row === undefined ? taken(entry, file) : edited(entry, file)];
  });
  return { changed, late, applied };

  function tooLate(file: MigrationFile): ConfitureError {
    const newest = newestOf(then.rows);
    return problem(
      "history_out_of_order",
      `${migrationId(file)} is older than ${newest}, which ${revision} has: a database where that one is applied refuses to run an older one`,
      numberedAnew(file),
      file.path,
    );
  }

  function edited(entry: HistoryEntry, file: MigrationFile): ChangedMigration {
    const id = migrationId(file);
    const former = then.files.get(canonicalVersion(entry.row!.version));
    const now = recordedOf(files.projectDir, file).kept.source;
    const isSameWayUp =
      former !== undefined &&
      former.text !== null &&
      now !== null &&
      findDifference(file, { file: former.file, text: former.text }, now) === undefined;
    const accept = `confiture migrate accept ${shellWord(file.version)}`;
    const unreleased =
      file.form === "typescript"
        ? `list ${file.path} under exclude in db/lint.yaml`
        : "say so in the file: -- confiture:ignore-file edited-migration REASON";
    const error = isSameWayUp
      ? problem(
          "history_edited",
          `Migration ${id} was edited, and ${revision} has it: it still does the same, but databases that have it stop until they are told so`,
          `Put the file back as it is in ${revision}, or run \`${accept}\` in every database that has it`,
          file.path,
        )
      : problem(
          "history_edited",
          `Migration ${id} was edited, and ${revision} has it: databases that have it stop at the edited file, and would not get the change`,
          `Put the file back as it is in ${revision}, and write a new migration for the change. If no database has run it yet, ${unreleased}`,
          file.path,
        );
    return { path: file.path, file, error, isSameWayUp };
  }

  function taken(entry: HistoryEntry, file: MigrationFile): ChangedMigration {
    const error = problem(
      "history_edited",
      `Version ${file.version} is used twice: ${revision} has ${migrationId(entry.row!)}, and this is ${migrationId(file)}`,
      numberedAnew(file),
      file.path,
    );
    return { path: file.path, file, error, isSameWayUp: false };
  }

  /** New numbers for the files that need one, each after the one before, by path. */
  function numbersAnew(): ReadonlyMap<string, string> {
    let last = newestOf([...migrations, ...then.rows, ...(base?.squashed ?? [])]) ?? "0";
    return new Map(
      history.flatMap(({ standing, file, row }) => {
        const isTaken = standing === "edited" && !wasThere.has(canonicalVersion(row!.version));
        if (file === undefined || !(isTaken || standing === "out-of-order")) return [];
        last = nextVersionAfter(last);
        return [[file.path, last]];
      }),
    );
  }

  function numberedAnew(file: MigrationFile): string {
    const { title, creation } = LAYOUTS[file.layout];
    // Where the folder keeps a record of its files, another name alone is refused.
    if ("byItsTool" in creation)
      return `Make it anew with ${title}, behind ${newestOf(then.rows)}: ${creation.byItsTool}`;
    return `Give it the next free number: rename ${renaming(file, anew.get(file.path)!)}`;
  }

  function gone(entry: HistoryEntry): ChangedMigration {
    const { version, name, checksum } = entry.row!;
    const id = migrationId({ version, name });
    const former = then.files.get(canonicalVersion(version))?.file;
    const basePath = `${files.migrationsDir}/${BASE_VERSION}`;
    const path = former?.path ?? basePath;
    const make = (code: "history_missing" | "history_squashed", message: string, hint: string): ChangedMigration => ({
      path,
      file: undefined,
      error: problem(code, message, hint, path),
      isSameWayUp: false,
    });
    const inBase = base?.squashed?.find((one) => compareVersions(one.version, version) === 0);
    if (inBase !== undefined) {
      return make(
        "history_squashed",
        `Migration ${id} was edited before it was squashed into ${BASE_VERSION}, and ${revision} has it: databases that have it stop`,
        `Put ${basePath} and the files back as they are in ${revision}, and squash them again`,
      );
    }
    if (former === undefined) {
      return make(
        "history_squashed",
        `${basePath} does not say any more that ${id} was squashed into it, as it does in ${revision}: databases that have it stop`,
        `Bring back its line "-- squashed: ${version} ..." at the top of ${basePath}`,
      );
    }
    const copy = history.find(
      ({ row, file }) => row === undefined && file !== undefined && checksumOfFile(files.projectDir, file) === checksum,
    )?.file;
    if (copy !== undefined) {
      return make(
        "history_missing",
        `Migration ${id} has another version now, ${copy.path}, and ${revision} has it: databases that have it would run it again`,
        `Give it its version back: rename ${copy.path} to ${path}. If no database has run it yet, list ${path} under exclude in db/lint.yaml`,
      );
    }
    return make(
      "history_missing",
      `Migration ${id} was deleted, and ${revision} has it: databases that have it stop, and new ones would lack what it does`,
      `Bring ${path} back, and undo what it does with a new migration; \`confiture migrate squash\` moves old ones into the base. If no database has run it yet, list ${path} under exclude in db/lint.yaml`,
    );
  }
}

/** The newest version that another may come after. */
function newestOf(migrations: readonly { readonly version: string }[]): string | undefined {
  return migrations
    .map(({ version }) => version)
    .filter((version) => !isRepeatable(version) && /^\d/.test(version))
    .reduce<string | undefined>(
      (max, version) => (max === undefined || compareVersions(version, max) > 0 ? version : max),
      undefined,
    );
}

function problem(
  code: "history_edited" | "history_missing" | "history_squashed" | "history_out_of_order",
  message: string,
  hint: string,
  file: string,
): ConfitureError {
  return new ConfitureError(code, message, { hint, location: { file } });
}

/** A folder that is refused as it is in that commit was not migrated with: nothing is recorded of it. */
async function migrationsAt(files: Folder, revision: string): Promise<Then> {
  return await withRevision(files.projectDir, revision, [files.migrationsDir], async (projectDir) => {
    const found = discoverOrNothing({ ...files, projectDir });
    const there = fromNothing(found?.migrations ?? []).map((file) => {
      const { checksum, kept } = recordedOf(projectDir, file);
      return { file, checksum, text: kept.source };
    });
    return {
      rows: [
        ...(found?.squashed ?? []).map(recordedRow),
        ...there.map(({ file: { version, name }, checksum }) => recordedRow({ version, name, checksum })),
      ],
      files: new Map(there.map(({ file, text }) => [canonicalVersion(file.version), { file, text }])),
    };
  });
}

function discoverOrNothing(files: Folder): ReturnType<typeof discoverMigrations> | undefined {
  try {
    return discoverMigrations(files.projectDir, files.migrationsDir, files.migrationsLayout);
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

function recordedRow(of: Pick<LedgerRow, "version" | "name" | "checksum">): LedgerRow {
  return {
    ...of,
    appliedAt: null,
    executionMs: null,
    appliedBy: "",
    toolVersion: "",
    state: "applied",
    statementsDone: null,
    statementsTotal: null,
  };
}
