import { ConfitureError } from "#errors/error.ts";
import { quoteLiteral } from "#sql/quote.ts";
import type { Database } from "./database.ts";

/** Settings of a session, by name, as PostgreSQL's SET takes them. */
export type Settings = Readonly<Record<string, string>>;

/**
 * How a server says that it cannot do it: undefined_object (no such setting), feature_not_supported, and
 * invalid_parameter_value (client_connection_check_interval where the server's system has no way to tell).
 */
const REFUSALS: ReadonlySet<string> = new Set(["42704", "0A000", "22023"]);

/** Limits that end a session or a transaction for what a long migration does; those a server lacks are null here. */
const LIMITS = [
  "statement_timeout",
  "transaction_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
];

/**
 * An expression for a select list that lifts the limits that a role, database or server puts on its sessions (ALTER ROLE ... SET
 * statement_timeout). What the connection itself asks for (`options`), and what was set since, holds.
 */
export const LIFT_LIMITS = `(select pg_catalog.count(pg_catalog.set_config(name, '0', false)) from pg_catalog.pg_settings
  where pg_catalog.concat(${LIMITS.map((name) => `pg_catalog.current_setting('${name}', true)`).join(", ")}) operator(pg_catalog.~) '[1-9]'
  and name operator(pg_catalog.=) any ('{${LIMITS.join(",")}}') and setting operator(pg_catalog.<>) '0'
  and source operator(pg_catalog.<>) all ('{client,session}'))`;

/**
 * An expression for a select list that gives a session which was just reset what the database's own settings are by now: those of its
 * beginning may have changed. A role's settings and a client's come before them.
 */
export const DATABASE_SETTINGS = `(select pg_catalog.count(pg_catalog.set_config(given.name, given.value, false))
  from (select pg_catalog.split_part(entry, '=', 1) as name, pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') operator(pg_catalog.+) 1) as value
          from pg_catalog.pg_db_role_setting own
          join pg_catalog.pg_database here on here.oid operator(pg_catalog.=) own.setdatabase and here.datname operator(pg_catalog.=) pg_catalog.current_database()
          cross join lateral pg_catalog.unnest(own.setconfig) as entry
         where own.setrole operator(pg_catalog.=) 0) as given
  left join pg_catalog.pg_settings known on pg_catalog.lower(known.name) operator(pg_catalog.=) pg_catalog.lower(given.name)
  where coalesce(known.context, 'user') operator(pg_catalog.=) 'user'
    and coalesce(known.source, '') operator(pg_catalog.<>) all ('{client,user,database user}'))`;

/** Sessions in which the database's own settings are not those that they began with. */
const changed = new WeakSet<Database>();

/** To be told that the database's own settings may be other ones now. */
export function noteDatabaseSettings(database: Database): void {
  changed.add(database);
}

/** Finds out whether what RESET goes back to lacks the database's own settings: the embedded engine begins without them. */
export async function learnDatabaseSettings(database: Database): Promise<void> {
  if (database.engine !== "embedded") return;
  const own = await database.query("select from pg_catalog.pg_db_role_setting where setrole operator(pg_catalog.=) 0");
  if (own.length > 0) changed.add(database);
}

/** Expressions for a select list that give a session which was just reset the database's own settings, where it has to be told. */
export function databaseSettings(database: Database): string[] {
  return changed.has(database) ? [DATABASE_SETTINGS] : [];
}

const ROW_SECURITY = "row_security";

/** The limits of a session that its client did not ask for, and whether policies are as it asked; as long-lived as it. */
const notOfClient = new WeakMap<Database, readonly string[]>();

/**
 * Finds out once what the connection itself asks for (`options`), which holds whenever the session is cleaned: asking each time, as
 * `LIFT_LIMITS` does, costs the server a tenth of a millisecond.
 */
export async function learnOwnSettings(database: Database): Promise<void> {
  const rows = await database.query<{ name: string }>(
    `select name from pg_catalog.pg_settings where name operator(pg_catalog.=) any ('{${[...LIMITS, ROW_SECURITY].join(",")}}') and source operator(pg_catalog.<>) 'client'`,
  );
  notOfClient.set(
    database,
    rows.map(({ name }) => name),
  );
}

/**
 * Expressions for a select list that lift limits in a session that was just reset.
 * @param others settings that are given a value of their own
 */
export function liftLimits(database: Database, others: readonly string[]): string[] {
  const names = notOfClient.get(database);
  if (names === undefined) return [LIFT_LIMITS];
  return LIMITS.filter((name) => names.includes(name) && !others.includes(name)).map((name) => setConfig(name, "'0'"));
}

/**
 * Expressions for a select list after which PostgreSQL refuses a statement that policies would leave rows out of, where it would pass over
 * them without a word. It changes nothing for roles that policies do not hold for.
 */
export function refuseHiddenRows(database: Database): string[] {
  return notOfClient.get(database)?.includes(ROW_SECURITY) === false ? [] : [setConfig(ROW_SECURITY, "'off'")];
}

/** Settings that a server turned out not to have; as long-lived as its session. */
const lacking = new WeakMap<Database, Set<string>>();

/**
 * Expressions for the select list of one statement that give a session its settings, without those that its server
 * lacks; none when there is nothing to set.
 */
export function setConfigs(database: Database, settings: Settings): string[] {
  const lacks = lacking.get(database);
  return Object.entries(settings)
    .filter(([name]) => lacks?.has(name) !== true)
    .map(([name, value]) => setConfig(name, quoteLiteral(value)));
}

function setConfig(name: string, value: string): string {
  return `pg_catalog.set_config(${quoteLiteral(name)}, ${value}, false)`;
}

/**
 * Gives a session settings that it can do without, outside any transaction, and finds out whether its server knows others
 * that will be set later. A server that lacks some is asked for each by itself; `setConfigs` leaves those out from then on.
 * @returns the names of those that the server lacks
 * @throws ConfitureError `sql_failed` for any other failure
 */
export async function giveSettings(
  database: Database,
  settings: Settings,
  later: readonly string[],
): Promise<readonly string[]> {
  const wanted = new Map([
    // Set to what it is: that changes nothing, and fails where there is no such setting.
    ...later.map((name) => [name, setConfig(name, `pg_catalog.current_setting(${quoteLiteral(name)})`)] as const),
    ...Object.entries(settings).map(([name, value]) => [name, setConfig(name, quoteLiteral(value))] as const),
  ]);
  if (await accepts(database, [...wanted.values()].join(", "))) return [];
  const lacks: string[] = [];
  for (const [name, expression] of wanted) if (!(await accepts(database, expression))) lacks.push(name);
  lacking.set(database, new Set(lacks));
  return lacks;
}

async function accepts(database: Database, expressions: string): Promise<boolean> {
  try {
    await database.execute(`select ${expressions}`);
    return true;
  } catch (error) {
    if (error instanceof ConfitureError && REFUSALS.has(error.server?.sqlstate ?? "")) return false;
    throw error;
  }
}
