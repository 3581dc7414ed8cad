import type { Change } from "#compare/catalogue/changes.ts";
import type { Bringing } from "#compare/contained/behind.ts";
import { type Clock } from "#compare/contained/clock.ts";
import { type Contained, NONE } from "#compare/contained/contained.ts";
import type { Replay } from "#compare/contained/replayed.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { asFailure, ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { baseFile } from "#migrate/base.ts";
import type { MigrateOptions } from "#migrate/exclusive.ts";
import { type HistoryEntry, upCommand } from "#migrate/history.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { type MigrationFile, migrationId } from "#migrate/files/migration-file.ts";
import { lacking as lackingSquashed } from "#migrate/plan.ts";
import { isAnother, renamedBack } from "#migrate/renamed.ts";
import { isBase } from "#migrate/files/version.ts";
import { recordBaseline } from "#migrate/record.ts";
import { squashedFile } from "#migrate/files/squashed.ts";
import { readHistory } from "#migrate/status.ts";
import { asGiven } from "./as-given.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside, projectFiles, REPLAY_ARGS, type ScratchArgs } from "./compare-options.ts";
import { listChanged } from "./output/changes.ts";
import { agree, count } from "./output/text.ts";

/** The time that the processors have worked for this process, in which the embedded engine is. */
function workOf(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

/** " (002_x changes a role)", or nothing. */
export function reasonOf(why: string | undefined): string {
  return why === undefined ? "" : ` (${why})`;
}

/** Says of which recorded migrations nothing shows whether they have changed rows that no migration makes. */
export function tellRowsNotCompared({ messages }: CommandContext, files: readonly MigrationFile[]): void {
  const [first] = files;
  if (first === undefined) return;
  const they = agree(files.length, "It", "They");
  messages.warn(
    `recorded, rows not compared: ${files.map(migrationId).join(", ")}. ${they} may also change rows that no migration makes, and no proof shows whether that was done here. ` +
      `If it was not, run ${agree(files.length, "its", "their")} statements by hand (confiture migrate show ${files.length === 1 ? shellWord(first.version) : "VERSION"} prints them)`,
  );
}

/** What a database that is built has, and one that is brought forward by migrations has not, or otherwise. */
export function tellUnlike({ messages }: CommandContext, changes: readonly Change[]): void {
  if (changes.length === 0) return;
  const what = `in ${count(changes.length, "object")}: ${listChanged(changes)}`;
  messages.warn(
    // What the migrations do is in the files, so it is these that say more.
    changes.every(({ change }) => change !== "dropped")
      ? `the schema files hold what no migration makes, ${what}. Databases that are brought forward by migrations lack it; \`confiture migrate generate NAME\` writes the migration`
      : `the schema files and the migrations do not make the same, ${what}. \`confiture verify\` shows what differs, and the ways on`,
  );
}

/** The way on with migrations that are not recorded, or the one without them where they are not known to help. */
export function withMigrations({ held, why }: Bringing, up: string): string {
  if (why !== undefined) {
    return (
      `\`${up}\` is not known to bring it the rest: ${why}.\n` +
      "`confiture drift --against schema --sql` prints the SQL that makes it what the schema files make. Once that has run in it: confiture build"
    );
  }
  if (held === 0) return `To bring it up to date: ${up}`;
  return `To record what it holds of the migrations: confiture migrate baseline --proven\nTo bring it the rest then: ${up}`;
}

/** What has to be run or recorded still. */
export function openEntries(history: readonly HistoryEntry[]): HistoryEntry[] {
  return history.filter(({ row, file, standing }) => row === undefined && file !== undefined && standing !== "covered");
}

/** Those whose files do not say any more what ran. */
export function editedEntries(history: readonly HistoryEntry[]): HistoryEntry[] {
  return history.filter(({ standing }) => standing === "edited");
}

/** "001_users was edited after it was applied", "the ledger has another 002 (add_a) than 002_add_b" */
export function wereEdited(edited: readonly HistoryEntry[]): string {
  const [others, same] = [edited.filter(isAnother), edited.filter((entry) => !isAnother(entry))];
  return [
    ...(same.length === 0
      ? []
      : [
          `${same.map(migrationId).join(", ")} ${agree(same.length, "was edited after it was", "were edited after they were")} applied`,
        ]),
    ...others.map(
      (entry) => `the ledger has another ${entry.version} (${entry.row?.name ?? ""}) than ${migrationId(entry)}`,
    ),
  ].join(", and ");
}

/** What a command finds out about migrations that are not recorded, from one replay of them. */
export interface Containment {
  /**
   * Keeps a build from a database that it would leave where neither it nor `up` can go on: some of what the schema files
   * make is new, and some belongs to migrations of tables that are there.
   * @throws ConfitureError `build_behind`
   */
  refuseBehind(database: Database, ledger: Ledger): Promise<void>;
  /** Whether the migrations that are not recorded bring a database what it lacks. */
  readonly bringing: (database: Database, ledger: Ledger, lacking: readonly Change[]) => Promise<Bringing>;
  /** Records the migrations that a database holds already, by proof. Nothing is looked at where every one is recorded. */
  readonly record: (database: Database, ledger: Ledger) => Promise<Contained>;
  /** The command that compares the environment's database with what the project has: its schema files, or migrations alone. */
  compareThere(): Promise<string>;
  /** The time that is left for it, from the first question on. */
  clock(): Clock;
}

/**
 * @param isBuilt whether the database holds what the schema files build and nothing else
 * @param budget how many milliseconds of work the proof may take
 */
export function containment(
  context: CommandContext,
  migrating: MigrateOptions,
  {
    isBuilt,
    budget,
    scratch = {},
  }: { readonly isBuilt: boolean; readonly budget: number; readonly scratch?: ScratchArgs | undefined },
): Containment {
  let replay: Promise<Replay> | undefined;
  let began: Clock | undefined;
  const clock = (): Clock => (began ??= { budget, spent: workOf() });
  const readFiles = (): Promise<ProjectFiles> =>
    isBuilt ? projectFiles(context, scratch) : filesBeside(context, scratch, migrating.target);
  const start = async (history: readonly HistoryEntry[], database: Database): Promise<Replay> => {
    const { replayOnce } = await import("#compare/contained/replayed.ts");
    return replayOnce({
      ...(await readFiles()),
      recorded: recordedIn(history),
      clock: clock(),
      major: Math.floor(database.serverVersion / 10_000),
      roles: async () => {
        const roles = await queryCatalogue<{ name: string }>(database, "select rolname::text as name from pg_roles");
        return new Set(roles.map(({ name }) => name));
      },
    });
  };
  return { refuseBehind, bringing, record, compareThere, clock };

  async function refuseBehind(database: Database, ledger: Ledger): Promise<void> {
    const history = await readHistory(database, ledger, migrating);
    // Where nothing was ever recorded, a build is how it begins.
    if (lackingIn(history).length > 0 && recordedIn(history).length > 0) {
      const why = await whyNotBegun(database, ledger, recordedFiles(history));
      const refusal = lackingSquashed(history);
      if (why !== undefined) throw refusal.with({ hint: `${refusal.hint}\n${ANEW}` });
    }
    if (openEntries(history).length === 0) return;
    context.step("Looking whether the database is behind the schema files");
    const { behindSchema } = await import("#compare/contained/behind.ts");
    const { held, lacking } = await behindSchema(await (replay ??= start(history, database)), database, ledger);
    if (lacking.length === 0) return;
    throw new ConfitureError(
      "build_behind",
      `The schema files hold what ${lacking.map(migrationId).join(", ")} ${agree(lacking.length, "does", "do")}, and this database does not: a build would leave tables and rows that are there as they are. Nothing was done`,
      {
        hint: `${withMigrations({ held, why: undefined }, upCommand(history))}\n${ANEW}`,
        data: { lacking: lacking.map(({ version }) => version) },
      },
    );
  }

  async function bringing(database: Database, ledger: Ledger, lacking: readonly Change[]): Promise<Bringing> {
    const history = await readHistory(database, ledger, migrating);
    const behind = await import("#compare/contained/behind.ts");
    return await behind.bringing(await (replay ??= start(history, database)), database, ledger, lacking);
  }

  async function record(database: Database, ledger: Ledger): Promise<Contained> {
    const history = await readHistory(database, ledger, migrating);
    const [lacking, open] = [lackingIn(history), openEntries(history).flatMap(({ file }) => file ?? [])];
    if (open.length + lacking.length === 0) return NONE;
    const edited = editedEntries(history);
    // A replay of the files would tell of another database than this one.
    if (edited.length > 0) return { ...NONE, undecided: open, why: wereEdited(edited) };
    const [renamed] = renamedIn(history);
    if (renamed !== undefined) return { ...NONE, undecided: open, ...renamed };
    context.step(`Looking whether migrations are contained in ${isBuilt ? "the schema files" : "the database"}`);
    const found = open.length === 0 ? NONE : await findContained(history, database, ledger);
    const held = [...recordedFiles(history), ...found.contained];
    const why = lacking.length === 0 ? undefined : await whyNotBegun(database, ledger, held);
    // What comes after the base was looked at on top of it, and is no proof of it.
    if (why !== undefined) {
      const undecided = [...squashedFiles(lacking), ...open];
      // What is lacking in the end is told, and not what a migration that comes to nothing would have changed of it.
      const atEnd = open.length === 0 ? why : await whyNotBegun(database, ledger, open);
      const next = (atEnd === undefined ? found.next : undefined) ?? (await afterSquash(lacking));
      return { ...NONE, undecided, why: atEnd ?? found.why, next };
    }
    const last = found.contained.at(-1) ?? lacking.at(-1);
    if (last === undefined) return found;
    return { ...found, contained: await recordBaseline(database, ledger, migrating, last.version) };
  }

  async function findContained(history: readonly HistoryEntry[], database: Database, ledger: Ledger) {
    const replayed = await (replay ??= start(history, database));
    return isBuilt
      ? await (await import("#compare/contained/in-schema.ts")).containedInSchema(replayed)
      : await (await import("#compare/contained/in-database.ts")).containedInDatabase(replayed, database, ledger);
  }

  /**
   * Why what was squashed into the base is not known to be there; undefined where it is.
   * @param then migrations that are there, which may have changed again what the base makes
   */
  async function whyNotBegun(
    database: Database,
    ledger: Ledger,
    then: readonly MigrationFile[],
  ): Promise<string | undefined> {
    const { baseLackingInDatabase, baseLackingInSchema } = await import("#compare/contained/base.ts");
    const files = await readFiles();
    try {
      if (isBuilt) return await baseLackingInSchema(files, then);
      const lacking = await baseLackingInDatabase(files, then, database, ledger);
      if (lacking === undefined || lacking.objects.length === 0) return lacking?.what;
      return `${lacking.what}: ${listChanged(lacking.objects)}`;
    } catch (error) {
      // What cannot be decided stops nothing.
      return `whether all that base.sql makes is there is not known: ${asFailure(error).message}`;
    }
  }

  /** What to do where the base is not proven to be there. One that was just built does not need the files from before the squash. */
  async function afterSquash(lacking: readonly HistoryEntry[]): Promise<string | undefined> {
    const through = lacking.at(-1)?.version;
    if (through === undefined) return undefined;
    if (!isBuilt) {
      const diff = await compareThere();
      return [
        `  ${diff}   shows which objects it lacks; if none, it lacks rows, or the place of a sequence`,
        "  confiture migrate up   with the files from before the squash, where it has none of it; then with these",
        `  confiture migrate baseline --through ${shellWord(through)}   once you have seen to what it lacks`,
      ].join("\n");
    }
    return [
      "  confiture schema update   brings what the base holds into the schema files, or says what to put there; then: confiture build --fresh",
      `  confiture migrate baseline --through ${shellWord(through)}   if this database is to go without it`,
    ].join("\n");
  }

  async function compareThere(): Promise<string> {
    const [config, { hasSchemaFiles }] = await Promise.all([context.config(), import("#compare/sources/sources.ts")]);
    // Another address than the environment's goes with every command that is named.
    const environment = context.chosen?.startsWith("env:") === false ? null : config.environment;
    const options = await asGiven({ ...scratch }, Object.keys(REPLAY_ARGS));
    if (hasSchemaFiles(await readFiles())) {
      return `confiture diff${environment === null ? "" : ` -e ${shellWord(environment)}`}${options}`;
    }
    return `confiture diff ${environment === null ? "URL" : shellWord(`env:${environment}`)} migrations${options}`;
  }

  function squashedFiles(lacking: readonly HistoryEntry[]): MigrationFile[] {
    const base = baseFile(migrating.dir);
    return lacking.flatMap(({ squashed }) => (squashed === undefined ? [] : [squashedFile(squashed, base)]));
  }
}

const ANEW = "To start from nothing, without what it holds: confiture build --fresh";

/** What was squashed into the base and is not recorded. */
function lackingIn(history: readonly HistoryEntry[]): HistoryEntry[] {
  return history.filter(({ standing }) => standing === "lacking");
}

/** Why nothing is recorded where the file of an applied migration has another number now: it would be there twice; and what to do. */
function renamedIn(history: readonly HistoryEntry[]): Required<Pick<Contained, "why" | "next">>[] {
  return history.flatMap((entry) => {
    const file = entry.standing === "missing" ? entry.renamed?.() : undefined;
    if (file === undefined) return [];
    const [why = "", ...ways] = renamedBack(entry, file, history);
    return [{ why: why.replace(/\.$/, ""), next: ways.map((way) => `  ${way}`).join("\n") }];
  });
}

/** Migrations that are recorded. The base stands before them, also where another one was recorded than the project has now. */
function recordedFiles(history: readonly HistoryEntry[]): MigrationFile[] {
  return history.flatMap(({ row, file, version }) => (row === undefined || isBase(version) ? [] : (file ?? [])));
}

export function recordedIn(history: readonly HistoryEntry[]): string[] {
  return history.flatMap(({ row, version }) => (row === undefined ? [] : [version]));
}
