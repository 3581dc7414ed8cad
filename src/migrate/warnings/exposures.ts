import type { Database } from "#database/database.ts";
import { exposuresInText } from "#sql/effects/exposure.ts";
import type { Exposure, ExposureKind } from "#sql/effects/exposure-kinds.ts";
import { mayBeSame } from "#sql/names-in.ts";
import {
  homeSchema,
  isAbout,
  isCallable,
  isCallableInTheEnd,
  isSameRoutine,
  type NamedRoutine,
  publicCalls,
  type PublicCalls,
} from "#sql/effects/definer.ts";
import { isSchemaMadeBy, type Opened, openedBy } from "#sql/effects/opened.ts";
import { type ReadPastPolicies, readPastPolicies } from "#sql/effects/read-past-policies.ts";
import { type MadeTable, madeTableAt, madeTables } from "#sql/effects/made-tables.ts";
import { mayMoveTable, moveOf, replacedTables } from "#sql/effects/replaced.ts";
import type { Statement } from "#sql/statement.ts";
import { withinSchema } from "#sql/statements-in-code.ts";
import { foldedName, namesAltered, namesFrom } from "#sql/lexer/token-names.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { replacedForPolicies } from "./policy-code.ts";
import { barriersIn, type KnownRoutines, mightyIn, readByOthers, routinesIn, securedIn } from "./secured.ts";

/**
 * What statements show to people who could not see it before: what their text says (`exposuresInText`), views and copies of tables with row level security, in the database or by one of the statements, policies and
 * owners of tables that have it before them, and functions that run with the rights of their owner for whoever calls them.
 * @param database where they run; undefined where there is none yet
 * @param all the statements that they are among: a table that these make, or secure, has kept nothing from anybody
 */
export async function exposuresOf(
  statements: readonly Statement[],
  database: Database | undefined,
  all: readonly Statement[] = statements,
): Promise<ReadonlyMap<Statement, readonly Exposure[]>> {
  const found = new Map<Statement, Exposure[]>();
  const add = (statement: Statement, exposure: ExposureKind | undefined): void => {
    if (exposure !== undefined) found.set(statement, [...(found.get(statement) ?? []), exposure]);
  };
  const readers: [Statement, ReadPastPolicies][] = [];
  const opened: [Statement, Opened][] = [];
  const granted: [Statement, PublicCalls][] = [];
  for (const statement of statements) {
    for (const part of withinSchema(statement)) {
      for (const exposure of exposuresInText(part)) add(statement, exposure);
      const reader = readPastPolicies(part, all);
      if (reader !== undefined) readers.push([statement, reader]);
      opened.push(...openedBy(part).map((one): [Statement, Opened] => [statement, one]));
      const right = publicCalls(part);
      if (right?.isGiven === true) granted.push([statement, right]);
    }
  }
  for (const [statement, exposure] of await replacedForPolicies(statements, database)) add(statement, exposure);
  const replacing = statements.flatMap((statement) => {
    const replaced = tablesOf(all).replaced.get(statement);
    return replaced === undefined ? [] : [{ statement, ...replaced }];
  });
  if (readers.length + opened.length + granted.length + replacing.length === 0) return found;
  const known = database === undefined ? [] : await securedIn(database);
  const before = known.flatMap(({ isView, name }) => (isView ? [] : [name]));
  const now = securedBy(all);
  const secured = withMoves([...now, ...before], all);
  const read = withReaders([...secured, ...known.flatMap(({ isInvoker, name }) => (isInvoker ? [name] : []))], all);
  const isOpen = await openTargets(readers, all, secured, database);
  for (const [statement, { what, isCopy, into, tables, isHarmless, isFilled }] of readers) {
    const made = targetOf(all, statement, into);
    if (isHarmless === true || made?.isSecured === true) continue;
    if (isFilled === true && made === undefined && !isOpen(into)) continue;
    if (tables === undefined) {
      add(statement, { kind: "read-past-policies", table: undefined, reader: what, isCopy });
      continue;
    }
    const table = tables.find((name) => read.some((one) => mayBeSame(name, one)));
    if (table === undefined) continue;
    add(statement, { kind: "read-past-policies", table, reader: what, isCopy });
  }
  for (const { statement, table, now: old, exchanged } of replacing) {
    // One that was there has policies of its own, or none.
    if (exchanged !== undefined && secured.some((one) => mayBeSame(exchanged, one))) continue;
    if (targetOf(all, statement, table)?.isSecured === true || !secured.some((one) => mayBeSame(old, one))) continue;
    add(statement, { kind: "policies-stay", table, old });
  }
  const mighty = opened.some(([, { role }]) => role !== undefined) ? await mightyIn(database) : new Set<string>();
  const calls = await callsAmong(opened, granted, all, database);
  const asksForBarriers = opened.some(([, { view, role }]) => view !== undefined && role === undefined);
  const barriers = asksForBarriers ? await barriersIn(database) : [];
  const isOpened = ({ table, through, role, routine, view, owners, schema }: Opened): boolean => {
    if (owners !== undefined) {
      const isAnybody = owners.some((owner) => /^(?:current_|session_)(?:user|role)$/.test(owner));
      return known.some(({ isView, owner }) => !isView && (isAnybody || owners.includes(owner)));
    }
    if (schema !== undefined) return !isSchemaMadeBy(schema, all);
    if (role !== undefined) {
      if (!mighty.has(role)) return false;
      if (routine !== undefined) return calls.isDefiner(routine);
      return view === undefined || known.some((one) => one.isView && !one.isInvoker && mayBeSame(one.name, view));
    }
    if (view !== undefined) return barriers.some((name) => mayBeSame(name, view));
    if (routine !== undefined) return calls.isCallable(routine);
    if (table === undefined) return false;
    if (through !== undefined && secured.some((one) => mayBeSame(through, one))) return false;
    return before.some((one) => mayBeSame(table, one)) && !now.some((one) => mayBeSame(table, one));
  };
  for (const [statement, open] of opened) if (isOpened(open)) add(statement, open.exposure);
  for (const [statement, right] of granted) add(statement, calls.exposedBy(statement, right));
  return found;
}

/** Who may call the functions that run with the rights of their owner, once all statements have run. */
interface Calls {
  readonly isCallable: (routine: NamedRoutine) => boolean;
  /** Whether it is there, and runs with the rights of its owner. */
  readonly isDefiner: (routine: NamedRoutine) => boolean;
  /** What a GRANT to PUBLIC opens of those that are there. */
  readonly exposedBy: (statement: Statement, right: PublicCalls) => ExposureKind | undefined;
}

async function callsAmong(
  opened: readonly (readonly [Statement, Opened])[],
  granted: readonly unknown[],
  all: readonly Statement[],
  database: Database | undefined,
): Promise<Calls> {
  const named = opened.flatMap(([, { routine }]) => routine ?? []);
  const { routines, isNewCallable, home } =
    database === undefined || named.length + granted.length === 0
      ? NO_ROUTINES
      : await routinesIn(
          database,
          named.flatMap(({ name }) => parseQualifiedName(name)?.name ?? []),
        );
  const place = homeSchema(all, home);
  return {
    isCallable(routine) {
      const known = routines.filter((one) => isSameRoutine(one, routine));
      const wasCallable = known.length === 0 ? undefined : known.some(({ isCallable: was }) => was);
      return isCallableInTheEnd(routine, all, wasCallable, isNewCallable, place);
    },
    isDefiner: (routine) => routines.some((one) => one.isDefiner && isSameRoutine(one, routine)),
    exposedBy(statement, right) {
      if (right.isOfNew) return isNewCallable ? undefined : { kind: "granted-calls", routines: "later" };
      const behind = all.slice(all.indexOf(statement) + 1);
      const opens = routines.filter(
        (one) => one.isDefiner && !one.isCallable && isAbout(right, one, place) && isCallable(one, behind, true, place),
      );
      if (opens.length === 0) return undefined;
      return { kind: "granted-calls", routines: [...new Set(opens.map(({ what }) => what))] };
    },
  };
}

const NO_ROUTINES: KnownRoutines = { routines: [], isNewCallable: true, home: undefined };

/** Whether a table that was there before may be read by others, and keeps no rows from them: it has the rights that it was given for what is in it. */
async function openTargets(
  readers: readonly (readonly [Statement, ReadPastPolicies])[],
  all: readonly Statement[],
  secured: readonly string[],
  database: Database | undefined,
): Promise<(into: string | undefined) => boolean> {
  const filled = readers.flatMap(([, { isFilled, into }]) => (isFilled === true && into !== undefined ? [into] : []));
  if (database === undefined || filled.length === 0) return () => false;
  const bare = filled.flatMap((name) => parseQualifiedName(name)?.name ?? []);
  const granted = all.filter(({ firstWord }) => firstWord === "GRANT").flatMap((grant) => grantedTables(grant));
  const read = [...(await readByOthers(database, bare)), ...granted];
  return (into) =>
    into !== undefined && read.some((one) => mayBeSame(one, into)) && !secured.some((one) => mayBeSame(one, into));
}

/** With the views and temporary tables that pass on what is read from these to those who read them. */
function withReaders(tables: readonly string[], statements: readonly Statement[]): readonly string[] {
  const names = [...tables];
  for (const statement of statements) {
    const reader = readPastPolicies(statement);
    if (reader?.isHarmless !== true || reader.into === undefined) continue;
    const isRead = reader.tables?.some((name) => names.some((one) => mayBeSame(name, one)));
    if (isRead === true) names.push(reader.into);
  }
  return names;
}

/** GRANT SELECT ON [TABLE] a, b TO web */
function grantedTables(grant: Statement): string[] {
  const tokens = grant.tokens();
  const on = tokens.indexOf("ON");
  return on < 0 ? [] : namesFrom(tokens, tokens[on + 1] === "TABLE" ? on + 2 : on + 1).map(foldedName);
}

/** Tables whose row level security one of the statements switches on. */
function securedBy(statements: readonly Statement[]): string[] {
  return statements.flatMap((statement) => {
    if (statement.firstWord !== "ALTER" || !/\benable\s+row\s+level\b/i.test(statement.text)) return [];
    return namesAltered(statement.tokens()).slice(0, 1).map(foldedName);
  });
}

/** What statements make of tables, by themselves: a migration is asked about each of its statements. */
interface Tables {
  readonly length: number;
  readonly made: readonly MadeTable[];
  readonly replaced: ReturnType<typeof replacedTables>;
}

const read = new WeakMap<readonly Statement[], Tables>();

function tablesOf(all: readonly Statement[]): Tables {
  const known = read.get(all);
  // Those of TypeScript come one after the other.
  if (known?.length === all.length) return known;
  const tables = { length: all.length, made: madeTables(all), replaced: replacedTables(all) };
  read.set(all, tables);
  return tables;
}

/** The table that is called so behind a statement, where the statements make it. */
function targetOf(all: readonly Statement[], statement: Statement, name: string | undefined): MadeTable | undefined {
  return name === undefined ? undefined : madeTableAt(tablesOf(all).made, all.indexOf(statement), name);
}

/** With the names that they are given. */
function withMoves(tables: readonly string[], statements: readonly Statement[]): readonly string[] {
  const names = [...tables];
  for (const statement of statements.filter(mayMoveTable)) {
    const move = moveOf(statement);
    if (move !== undefined && names.some((name) => mayBeSame(name, move.from))) names.push(move.to);
  }
  return names;
}
