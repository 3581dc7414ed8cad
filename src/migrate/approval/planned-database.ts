import { relative } from "node:path";
import { inOrder } from "#database/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { databaseSettings, learnDatabaseSettings } from "#database/settings.ts";
import type { Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrateOptions } from "../exclusive.ts";
import { isUnmade } from "../status.ts";

/** Which database a plan was made for. */
export interface PlannedDatabase {
  readonly name: string;
  /** "db.example.com:5432", or the folder of an embedded one. */
  readonly place: string;
  /**
   * pg_control_system().system_identifier and pg_database.oid: a standby that takes over has the same, and so has a copy of the
   * whole server's files. Null for an embedded database, and where the role may not ask.
   */
  readonly system: string | null;
  readonly oid: number | null;
  /** Null for an embedded database that is yet to be made. */
  readonly searchPath: SearchPath | null;
}

/** Where migrations find what they name without a schema. */
interface SearchPath {
  /** As it is set for the role, the database or the connection. */
  readonly setting: string;
  /** The schemas of it that are there, with "$user" resolved. */
  readonly schemas: readonly string[];
}

/** Asks the session of a database which one it is. */
export async function readPlannedDatabase(
  database: Database,
  { target, projectDir }: Pick<MigrateOptions, "target" | "projectDir">,
): Promise<PlannedDatabase> {
  const searchPath = await searchPathOf(database);
  if (target.engine === "embedded") return { ...embedded(target, projectDir), searchPath };
  const { host, port } = database.host ?? target;
  const [row] = await database.query<{ name: string; oid: number }>(
    `select d.datname as name, d.oid::pg_catalog.int8::pg_catalog.float8 as oid from pg_catalog.pg_database d
      where d.datname operator(pg_catalog.=) pg_catalog.current_database()`,
  );
  const { name = target.database, oid = null } = row ?? {};
  return { name, place: `${host}:${port}`, system: await systemOf(database), oid, searchPath };
}

/** As `readPlannedDatabase`, in a session of its own. */
export async function askPlannedDatabase(options: MigrateOptions): Promise<PlannedDatabase> {
  const { target, projectDir, lockWait, signal } = options;
  if (target.engine === "embedded" && (target.path === undefined || isUnmade(target))) {
    return { ...embedded(target, projectDir), searchPath: null };
  }
  return await withDatabase(target, { ...options.connect, lockWait, signal }, async (database) => {
    await learnDatabaseSettings(database);
    return await readPlannedDatabase(database, options);
  });
}

/**
 * Requires that a plan was made for the database of a session, and where names in it meant what they mean now.
 * @returns what to say where it is the same one, or a copy of it, at another place
 * @throws ConfitureError `plan_outdated`
 */
export function requireSameDatabase(planned: PlannedDatabase, now: PlannedDatabase): string | undefined {
  const isPlace = planned.place === now.place && planned.name === now.name;
  const isKnown = planned.system !== null && now.system !== null;
  const isSame = isKnown ? planned.system === now.system && planned.oid === now.oid : isPlace;
  if (!isSame) {
    const why = isPlace ? ": it is another one of that name, made anew since" : "";
    throw new ConfitureError(
      "plan_outdated",
      `The plan was made for the database ${shown(planned)}, and this is ${shown(now)}${why}`,
      { hint: "Nothing was done. Plan again: confiture migrate plan --out FILE", data: { planned, now } },
    );
  }
  const [then, here] = [planned.searchPath, now.searchPath];
  if (then !== null && here !== null && JSON.stringify(then) !== JSON.stringify(here)) {
    throw new ConfitureError(
      "plan_outdated",
      `The plan was made with the search_path ${shownPath(then)}, and it is ${shownPath(here)} now: names without a schema may mean other tables`,
      {
        hint: "Nothing was done. Set the search_path as it was, or plan again: confiture migrate plan --out FILE",
        data: { planned, now },
      },
    );
  }
  return isPlace
    ? undefined
    : `The plan was made at ${shown(planned)}, and this is ${shown(now)}: the same database at another address, or a copy of it`;
}

/** What a migration's session begins with, whatever this one was set to. */
async function searchPathOf(database: Database): Promise<SearchPath> {
  const settings = databaseSettings(database);
  const steps = ["begin", "reset search_path", ...(settings.length === 0 ? [] : [`select ${settings.join(", ")}`])];
  const beginning = database.execute(steps.join("; "));
  const answer = database.query<SearchPath>(
    "select pg_catalog.current_setting('search_path') as setting, pg_catalog.current_schemas(false)::pg_catalog.text[] as schemas",
  );
  await inOrder([beginning, answer, database.execute("rollback")]);
  const [row] = await answer;
  return { setting: row?.setting ?? "", schemas: row?.schemas ?? [] };
}

/** `"$user", public`, and what that comes to where it is another text. */
function shownPath({ setting, schemas }: SearchPath): string {
  const found = schemas.join(", ");
  if (setting === found) return setting;
  return `${setting === "" ? "''" : setting} (${found === "" ? "no schema" : found})`;
}

function embedded(target: Target, projectDir: string): Omit<PlannedDatabase, "searchPath"> {
  const path = target.engine === "embedded" ? target.path : undefined;
  // Every embedded database begins as a copy of one, so all have the same identifier.
  return {
    name: "embedded",
    place: path === undefined ? ":memory:" : relative(projectDir, path),
    system: null,
    oid: null,
  };
}

function shown({ place, name, system }: PlannedDatabase): string {
  return name === "embedded" && system === null ? place : `${place}/${name}`;
}

/** insufficient_privilege, undefined_function */
const MAY_NOT: ReadonlySet<string | undefined> = new Set(["42501", "42883"]);

async function systemOf(database: Database): Promise<string | null> {
  try {
    const [row] = await database.query<{ system: string }>(
      "select system_identifier::pg_catalog.text as system from pg_catalog.pg_control_system()",
    );
    return row?.system ?? null;
  } catch (error) {
    if (error instanceof ConfitureError && MAY_NOT.has(error.server?.sqlstate)) return null;
    throw error;
  }
}
