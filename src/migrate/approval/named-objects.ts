import { queryCatalogue } from "#database/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { Statement } from "#sql/statement.ts";
import { calledIn, isName } from "#sql/effects/code.ts";
import { codeIn } from "#sql/strings-in-code.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { type MeantByAll, meantByAll } from "./meant-by-all.ts";
import { EVENT_TRIGGERS, FIND, FIND_PARTS, IN_THE_WAY, MEANT_BY_ALL, TAKEN_ALONG } from "./named-objects-queries.ts";
import { CODE_OPERATORS } from "../warnings/known-code.ts";
import type { LoadedMigration } from "../files/body.ts";
import type { MigrateOptions } from "../exclusive.ts";
import { LEDGER_COMMENT } from "../ledger/ledger.ts";
import { isUnmade } from "../status.ts";

/** Something that a database has under a name that migrations mention, or that these run without naming it. */
export interface NamedObject {
  /** "FUNCTION public.purge()", "TABLE public.users" */
  readonly what: string;
  /** sha256 in hex of the code or the columns that it is; null where it counts that it is there. */
  readonly code: string | null;
}

/** One that is there now. */
export interface PresentObject extends NamedObject {
  /** A partition that does nothing of its own and is no larger than another one of its table: a plan for the table is one for it as well. */
  readonly isOrdinary: boolean;
}

/** What the catalogue says of one, with its code or columns as text. */
interface Found {
  readonly what: string;
  readonly code: string | null;
  /** Whether the code calls others by their names; an expression names no others than functions. */
  readonly calls: boolean | "functions";
  readonly isOrdinary?: boolean;
}

/**
 * What a database has under the names that the SQL of migrations mentions, in the order of their names: schemas, relations with their
 * columns, defaults and policies, types, and the code of views, functions, triggers and rules, with what these call by name; which
 * tables refer to a table or are parts of it; event triggers; and what goes along with CASCADE. What a statement means by ALL is there as
 * though it were named. What `plan` says of a statement holds for as long as these stay: the text of `SELECT purge()` says nothing of
 * what it does, and that of `DROP TABLE IF EXISTS` nothing of whether there is one.
 * @param planned what there was; the code of what has come or changed since is not followed, since what it names may have been there
 */
async function namedObjects(
  migrations: readonly LoadedMigration[],
  database: Database,
  planned?: readonly NamedObject[],
): Promise<PresentObject[]> {
  const objects = new Map<string, PresentObject>();
  const known = new Set<string>();
  const before = planned && byWhat(planned);
  const statements = migrations.flatMap(({ up }) => (up.kind === "sql" ? up.script.statements : []));
  if (statements.length === 0) return [];
  let wanted = mentioned(statements);
  let all = statements.flatMap((statement) => meantWithin(statement.tokens()));
  const operators = await queryCatalogue<Operator>(database, CODE_OPERATORS);
  const using = (tokens: readonly string[]): Found[] =>
    takeFrom(operators, ({ sign }) => tokens.includes(sign)).map((one) => ({ ...one, calls: "functions" }));
  const others = [
    ...(await queryCatalogue<Found>(database, EVENT_TRIGGERS)),
    ...(await findTakenAlong(database, statements)),
    ...(operators.length === 0 ? [] : statements.flatMap((statement) => using(statement.tokens()))),
  ];
  while (wanted.size + others.length + all.length > 0) {
    for (const name of await namesOf(database, all)) if (!known.has(name)) wanted.add(name);
    all = [];
    for (const name of wanted) known.add(name);
    const more: string[] = [];
    for (const { what, code, calls, isOrdinary = false } of [
      ...(await find(database, [...wanted])),
      ...others.splice(0),
    ]) {
      const digest = code === null ? null : Bun.SHA256.hash(code, "hex");
      objects.set(what, { what, code: digest, isOrdinary });
      if (calls === false || code === null || (before !== undefined && before.get(what) !== digest)) continue;
      const tokens = Statement.of(code).tokens();
      more.push(...(calls === "functions" ? calledIn(tokens) : namesIn(tokens)));
      if (calls === true) all.push(...meantWithin(tokens));
      others.push(...using(tokens));
    }
    wanted = new Set(more.filter((name) => !known.has(name)));
  }
  return [...objects.values()].toSorted((one, other) => (one.what < other.what ? -1 : 1));
}

/** As `namedObjects`, in a session of its own; none where the database is yet to be made. */
export async function askNamedObjects(
  migrations: readonly LoadedMigration[],
  options: MigrateOptions,
): Promise<PresentObject[]> {
  return (await inItsDatabase(options, (database) => namedObjects(migrations, database))) ?? [];
}

/**
 * Requires that a database has what it had under the names that migrations mention, but for further partitions that are like those that
 * were there.
 * @throws ConfitureError `plan_outdated` with everything that has changed since
 */
export async function requireSameObjects(
  planned: readonly NamedObject[],
  migrations: readonly LoadedMigration[],
  database: Database,
): Promise<void> {
  const now = await namedObjects(migrations, database, planned);
  const after = new Set(now.map(({ what }) => what));
  const missed = planned.flatMap(({ what }) => (after.has(what) ? [] : [what]));
  refuseChanges(planned, now, missed, await stillThere(database, missed));
}

/** As `requireSameObjects`, in a session of its own. */
export async function askSameObjects(
  planned: readonly NamedObject[],
  migrations: readonly LoadedMigration[],
  options: MigrateOptions,
): Promise<void> {
  const asked = await inItsDatabase(options, async (database) => {
    await requireSameObjects(planned, migrations, database);
    return true;
  });
  if (asked === undefined)
    refuseChanges(
      planned,
      [],
      planned.map(({ what }) => what),
      new Set(),
    );
}

/** Nothing where the database is yet to be made. */
async function inItsDatabase<T>(
  { target, connect, lockWait, signal }: MigrateOptions,
  work: (database: Database) => Promise<T>,
): Promise<T | undefined> {
  if (target.engine === "embedded" && (target.path === undefined || isUnmade(target))) return undefined;
  return await withDatabase(target, { ...connect, lockWait, signal }, work);
}

/** Those of objects that were not found the way they were then, and are there: what named them has changed. */
async function stillThere(database: Database, missed: readonly string[]): Promise<ReadonlySet<string>> {
  if (missed.length === 0) return new Set();
  const names = missed.flatMap((what) => namesIn(Statement.of(what).tokens()));
  const found = [...(await find(database, names)), ...(await queryCatalogue<Operator>(database, CODE_OPERATORS))];
  return new Set(found.map(({ what }) => what));
}

/** @throws ConfitureError `plan_outdated`, unless nothing has come, gone or changed */
function refuseChanges(
  planned: readonly NamedObject[],
  now: readonly PresentObject[],
  missed: readonly string[],
  still: ReadonlySet<string>,
): void {
  const before = byWhat(planned);
  const found = [
    ...now.flatMap(({ what, code }) =>
      before.has(what) && before.get(what) !== code ? [`${what} is another one than it was`] : [],
    ),
    ...missed.flatMap((what) => (still.has(what) ? [] : [`${what} is gone`])),
    ...now.flatMap(({ what, isOrdinary }) =>
      before.has(what) || isOrdinary ? [] : [`${what} is there now, and was not`],
    ),
  ];
  const changes = found.length > 0 ? found : missed.map((what) => `${what} is not used any more`);
  if (changes.length === 0) return;
  const shown = changes.length > 5 ? [...changes.slice(0, 5), `${changes.length - 5} more`] : changes;
  throw new ConfitureError(
    "plan_outdated",
    `The database is not what it was when this was planned, and the migrations name or use what has changed: ${shown.join("; ")}`,
    { hint: "Nothing was done. Plan again: confiture migrate plan --out FILE", data: { changes } },
  );
}

function byWhat(objects: readonly NamedObject[]): ReadonlyMap<string, string | null> {
  return new Map(objects.map(({ what, code }) => [what, code]));
}

function mentioned(statements: readonly Statement[]): Set<string> {
  return new Set(statements.flatMap((statement) => namesIn(statement.tokens())));
}

function namesIn(tokens: readonly string[]): string[] {
  return [
    ...tokens.flatMap((token) => (isName(token) ? [writtenName(token)] : [])),
    ...codeIn(tokens).flatMap((code) => namesIn(Statement.of(code).tokens())),
  ];
}

/** What it means by ALL, strings that may be code included. */
function meantWithin(tokens: readonly string[]): MeantByAll[] {
  return [...meantByAll(tokens), ...codeIn(tokens).flatMap((code) => meantWithin(Statement.of(code).tokens()))];
}

/** The names of what is meant; partitions are found by the tables that they belong to. */
async function namesOf(database: Database, all: readonly MeantByAll[]): Promise<string[]> {
  if (all.length === 0) return [];
  const found = await queryCatalogue<{ name: string }>(database, MEANT_BY_ALL, [JSON.stringify(all), LEDGER_COMMENT]);
  return found.map(({ name }) => name);
}

async function find(database: Database, names: readonly string[]): Promise<Found[]> {
  if (names.length === 0) return [];
  const parts = await queryCatalogue<Omit<Found, "calls">>(database, FIND_PARTS, [JSON.stringify(names)]);
  return [
    ...(await queryCatalogue<Found>(database, FIND, [JSON.stringify(names)])),
    ...parts.map((part): Found => ({ ...part, calls: "functions" })),
  ];
}

interface Operator extends Pick<Found, "what" | "code"> {
  readonly sign: string;
}

/** Takes those out of a list of which something is true. */
function takeFrom<One>(list: One[], isWanted: (one: One) => boolean): One[] {
  const taken = list.filter(isWanted);
  for (const one of taken) list.splice(list.indexOf(one), 1);
  return taken;
}

/**
 * What CASCADE and DROP OWNED take that statements do not name, and what keeps others from dropping or converting something, for the
 * names that they mention.
 */
async function findTakenAlong(database: Database, statements: readonly Statement[]): Promise<Found[]> {
  const cascading = statements.filter(({ firstWord = "", text, words }) => {
    if (/^(?:DROP|REASSIGN)$/.test(firstWord) && words[1] === "OWNED") return true;
    return /^(?:DROP|TRUNCATE|ALTER|DO)$/.test(firstWord) && /\bcascade\b/i.test(text);
  });
  const stopped = statements.filter(({ firstWord = "", text }) => {
    return firstWord === "DROP" || (/^(?:ALTER|DO)$/.test(firstWord) && /\b(?:drop|type)\b/i.test(text));
  });
  const [along, inTheWay] = [[...mentioned(cascading)], [...mentioned(stopped)]];
  return [
    ...(along.length === 0 ? [] : await queryCatalogue<Found>(database, TAKEN_ALONG, [JSON.stringify(along)])),
    ...(inTheWay.length === 0 ? [] : await queryCatalogue<Found>(database, IN_THE_WAY, [JSON.stringify(inTheWay)])),
  ];
}
