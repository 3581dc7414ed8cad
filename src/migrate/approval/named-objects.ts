import { queryCatalogue } from "#database/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { Statement } from "#sql/statement.ts";
import { calledIn, isName } from "#sql/effects/code.ts";
import { codeIn } from "#sql/strings-in-code.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { EVENT_TRIGGERS, FIND, FIND_PARTS, IN_THE_WAY, TAKEN_ALONG } from "./named-objects-queries.ts";
import { CODE_OPERATORS } from "../warnings/known-code.ts";
import type { LoadedMigration } from "../files/body.ts";
import type { MigrateOptions } from "../exclusive.ts";
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
 * tables refer to a table or are parts of it; event triggers; and what goes along with CASCADE. What `plan` says of a statement
 * holds for as long as these stay: the text of `SELECT purge()` says nothing of what it does, and that of `DROP TABLE IF EXISTS`
 * nothing of whether there is one.
 */
export async function namedObjects(
  migrations: readonly LoadedMigration[],
  database: Database,
): Promise<PresentObject[]> {
  const objects = new Map<string, PresentObject>();
  const known = new Set<string>();
  const statements = migrations.flatMap(({ up }) => (up.kind === "sql" ? up.script.statements : []));
  if (statements.length === 0) return [];
  let wanted = mentioned(statements);
  const operators = await queryCatalogue<Operator>(database, CODE_OPERATORS);
  const using = (tokens: readonly string[]): Found[] =>
    takeFrom(operators, ({ sign }) => tokens.includes(sign)).map((one) => ({ ...one, calls: "functions" }));
  const others = [
    ...(await queryCatalogue<Found>(database, EVENT_TRIGGERS)),
    ...(await findTakenAlong(database, statements)),
    ...(operators.length === 0 ? [] : statements.flatMap((statement) => using(statement.tokens()))),
  ];
  while (wanted.size + others.length > 0) {
    for (const name of wanted) known.add(name);
    const more: string[] = [];
    for (const { what, code, calls, isOrdinary = false } of [
      ...(await find(database, [...wanted])),
      ...others.splice(0),
    ]) {
      objects.set(what, { what, code: code === null ? null : Bun.SHA256.hash(code, "hex"), isOrdinary });
      if (calls === false || code === null) continue;
      const tokens = Statement.of(code).tokens();
      more.push(...(calls === "functions" ? calledIn(tokens) : namesIn(tokens)));
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
  const { target, lockWait, signal } = options;
  if (target.engine === "embedded" && (target.path === undefined || isUnmade(target))) return [];
  return await withDatabase(target, { ...options.connect, lockWait, signal }, (database) =>
    namedObjects(migrations, database),
  );
}

/**
 * Requires that a database has what it had under the names that migrations mention, but for further partitions that are like those that
 * were there. Pure.
 * @throws ConfitureError `plan_outdated` with everything that has changed since
 */
export function requireSameObjects(planned: readonly NamedObject[], now: readonly PresentObject[]): void {
  const [before, after] = [byWhat(planned), byWhat(now)];
  const changes = [
    ...now.flatMap(({ what, code }) =>
      before.has(what) && before.get(what) !== code ? [`${what} is another one than it was`] : [],
    ),
    ...planned.flatMap(({ what }) => (after.has(what) ? [] : [`${what} is gone`])),
    ...now.flatMap(({ what, isOrdinary }) =>
      before.has(what) || isOrdinary ? [] : [`${what} is there now, and was not`],
    ),
  ];
  if (changes.length === 0) return;
  const shown = changes.length > 5 ? [...changes.slice(0, 5), `${changes.length - 5} more`] : changes;
  throw new ConfitureError(
    "plan_outdated",
    `The database is not what it was when this was planned, and the migrations name what has changed: ${shown.join("; ")}`,
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
    if (firstWord === "DROP" && words[1] === "OWNED") return true;
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
