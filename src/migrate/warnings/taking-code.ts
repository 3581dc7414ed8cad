import type { Database } from "#database/database.ts";
import { lossOf } from "#sql/effects/loss.ts";
import { reachOf } from "#sql/effects/outside.ts";
import { Statement } from "#sql/statement.ts";
import { statementsInCode } from "#sql/statements-in-code.ts";
import { codeIn, isString } from "#sql/strings-in-code.ts";
import { TAKING_WORDS } from "#sql/effects/taking-code.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { exposuresOf } from "./exposures.ts";

/** A function or procedure in SQL or a procedural language. */
interface Routine {
  /** Schema and name, or the name alone where that is how it is made. */
  readonly name: string;
  readonly takes: boolean;
  /** Names, without schemas, of what its body may call. */
  readonly calls: readonly string[];
  /** Statements in its body that are about objects and rights. */
  readonly statements: readonly Statement[];
}

/** What a statement does by the words of the code that it runs. */
export interface DoneByCode {
  /** Names of the functions that may change or delete something. */
  readonly takes: readonly string[];
  /** What functions show to others, in words that go on from "exposes". */
  readonly exposes: readonly string[];
}

/** Rows of a table that come or change wake these. */
interface Trigger {
  readonly table: string;
  readonly event: "INSERT" | "UPDATE";
  readonly routine: string;
}

/**
 * What these statements, run in this order, take away or expose by the bodies of functions: those that they call, that such a
 * function calls in turn, or that a trigger of the table runs to which they add rows. They may be in the database, or made by one
 * of the statements. Of DO, whose purpose is to run code, it tells what that exposes. Views and rules are not looked into.
 */
export async function doneByCode(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, DoneByCode>> {
  const routines = new Map<string, Routine[]>();
  const triggers: Trigger[] = [];
  const asks = new Map<
    Statement,
    { readonly block: Routine | undefined; readonly calls: readonly string[]; readonly wakes: Wakes | undefined }
  >();
  for (const statement of statements) {
    const { firstWord = "" } = statement;
    if (firstWord === "CREATE") {
      const made = madeRoutine(statement);
      if (made !== undefined) addTo(routines, made.bare, made.routine);
      triggers.push(...madeTriggers(statement));
    }
    if (!runsWhatItNames(statement)) continue;
    const tokens = statement.tokens();
    const block = firstWord === "DO" ? { name: "DO", ...read(tokens, true) } : undefined;
    asks.set(statement, { block, calls: block?.calls ?? calledIn(tokens), wakes: wakesOf(tokens) });
  }
  if (asks.size === 0) return new Map();
  if (database !== undefined) {
    const tables = new Set([...asks.values()].flatMap(({ wakes }) => wakes?.table ?? []));
    triggers.push(...(await readTriggers(database, [...tables])));
    const first = [...asks.values()].flatMap(({ calls }) => calls);
    const made = [...routines.values()].flat().flatMap(({ calls }) => calls);
    await readRoutines(database, [...first, ...made, ...triggers.map(({ routine }) => routine)], routines);
  }
  const blocks = [...asks.values()].flatMap(({ block }) => block ?? []);
  const inside = [...routines.values(), blocks].flat().flatMap((routine) => routine.statements);
  const exposures = await exposuresOf(inside, database);
  const done = new Map<Statement, DoneByCode>();
  for (const [statement, { block, calls, wakes }] of asks) {
    const woken = triggers.filter(({ table, event }) => table === wakes?.table && event === wakes.event);
    const names = new Set([...calls, ...woken.map(({ routine }) => routine)]);
    const run = [...names].map((name) => {
      return { as: routines.get(name)?.at(-1)?.name ?? name, reached: reachedFrom(name, routines) };
    });
    if (block !== undefined) run.push({ as: block.name, reached: [block] });
    const exposes = run.flatMap(({ as, reached }) =>
      reached
        .flatMap((routine) => routine.statements.flatMap((one) => exposures.get(one) ?? []))
        .map((what) => `${what}${BY_RUNNING}${as}`),
    );
    const takes = run.filter(({ reached }) => reached.some((routine) => routine.takes)).map(({ as }) => as);
    // What code takes that is run for its own sake is not known anyway.
    const told = isCode(statement) ? [] : takes;
    if (told.length + exposes.length > 0) done.set(statement, { takes: told, exposes: [...new Set(exposes)] });
  }
  return done;
}

/** Of one of the functions that `takes` names. */
export function lossByCode(name: string): string {
  return `runs ${name}, which may change or delete something`;
}

/** Whether it is one of those that `exposes` tells. */
export function isExposedByCode(what: string): boolean {
  return what.includes(BY_RUNNING);
}

const BY_RUNNING = ", by running ";

function isCode({ firstWord }: Statement): boolean {
  return firstWord === "DO" || firstWord === "CALL";
}

/** The functions of a name, and all that they call. */
function reachedFrom(name: string, routines: ReadonlyMap<string, readonly Routine[]>): Routine[] {
  const names = new Set([name]);
  // A set goes on to what is added while it is gone through.
  for (const one of names)
    for (const { calls } of routines.get(one) ?? []) for (const called of calls) names.add(called);
  return [...names].flatMap((one) => routines.get(one) ?? []);
}

const RUNS: ReadonlySet<string> = new Set(
  "SELECT,WITH,VALUES,TABLE,INSERT,UPDATE,DELETE,MERGE,COPY,DECLARE,PREPARE,DO,CALL,(".split(","),
);

/** Whether functions that stand in it are called when it runs; definitions only keep them. */
function runsWhatItNames(statement: Statement): boolean {
  const { firstWord = "", words } = statement;
  if (firstWord === "EXPLAIN") return /\banaly[zs]e\b/i.test(statement.text);
  if (RUNS.has(firstWord)) return true;
  if (firstWord === "ALTER") return words[1] === "TABLE";
  if (firstWord !== "CREATE") return false;
  if (words.includes("INDEX")) return true;
  const isStored = words.slice(1, 4).some((word) => word === "TABLE" || word === "MATERIALIZED");
  return isStored && /\bas\b/i.test(statement.text) && !/\bgenerated\b/i.test(statement.text);
}

interface Wakes {
  readonly table: string;
  readonly event: Trigger["event"];
}

/** Of statements that are not said to take something as they are. */
function wakesOf(tokens: readonly string[]): Wakes | undefined {
  const insert = tokens.findIndex((token, at) => token === "INTO" && tokens[at - 1] === "INSERT");
  if (insert >= 0) return { table: lastOf(tokens, insert + 1), event: "INSERT" };
  if (tokens[0] === "UPDATE") return { table: lastOf(tokens, tokens[1] === "ONLY" ? 2 : 1), event: "UPDATE" };
  if (tokens[0] === "COPY" && tokens.includes("FROM")) return { table: lastOf(tokens, 1), event: "INSERT" };
  return undefined;
}

/** The last part of the name that begins there. */
function lastOf(tokens: readonly string[], from: number): string {
  let at = from;
  while (tokens[at + 1] === ".") at += 2;
  return writtenName(tokens[at] ?? "");
}

function calledIn(tokens: readonly string[]): string[] {
  return [...new Set(tokens.flatMap((token, at) => (at > 0 && token === "(" ? nameAt(tokens[at - 1]!) : [])))];
}

function nameAt(token: string): string[] {
  return /^["\w\u0080-\uffff]/.test(token) ? [writtenName(token)] : [];
}

/** CREATE [OR REPLACE] FUNCTION purge() ... */
function madeRoutine(statement: Statement): { readonly bare: string; readonly routine: Routine } | undefined {
  const at = statement.words.findIndex((word) => word === "FUNCTION" || word === "PROCEDURE");
  if (at !== 1 && at !== 3) return undefined;
  const tokens = statement.tokens();
  const parameters = tokens.indexOf("(", at);
  const name = tokens.slice(at + 1, parameters).map((token) => (token === "." ? token : writtenName(token)));
  return { bare: name.at(-1) ?? "", routine: { name: name.join(""), ...read(tokens.slice(parameters), true) } };
}

/** CREATE [OR REPLACE] [CONSTRAINT] TRIGGER name AFTER INSERT OR UPDATE OF bio ON users ... EXECUTE FUNCTION log() */
function madeTriggers(statement: Statement): Trigger[] {
  const at = statement.words.indexOf("TRIGGER");
  if (at < 1 || at > 4 || statement.words[at - 1] === "EVENT") return [];
  const tokens = statement.tokens();
  const on = tokens.indexOf("ON", at);
  const run = tokens.lastIndexOf("EXECUTE");
  if (on < 0 || run < 0) return [];
  const routine = lastOf(tokens, run + 2);
  const events = (["INSERT", "UPDATE"] as const).filter((event) => tokens.slice(at, on).includes(event));
  return events.map((event) => ({ table: lastOf(tokens, on + 1), event, routine }));
}

/** Functions of PostgreSQL that write to files, and to other databases or this one by another connection. */
const OUTSIDE = /^(?:dblink(?:_exec|_send_query)?|lo_export|pg_file_(?:write|rename|unlink))$/;

const TAKES = new RegExp(String.raw`\b(?:${TAKING_WORDS}|do\s+update)\b`, "i");

/**
 * What code may do, by its words; comments are none, and neither are strings in it.
 * @param holdsBody whether the strings are the code itself
 */
function read(tokens: readonly string[], holdsBody: boolean): Omit<Routine, "name"> {
  const bodies = holdsBody ? tokens.flatMap(codeIn) : [];
  const all = [tokens, ...bodies.map((body) => Statement.of(body).tokens())];
  const statements = all.flatMap(statementsInCode);
  const saysSo = all.some((one) =>
    TAKES.test(
      one
        .filter((token) => !isString(token))
        .join(" ")
        .replaceAll(" . ", "."),
    ),
  );
  const calls = all.flatMap(calledIn);
  const takes =
    saysSo ||
    statements.some((statement) => lossOf(statement) !== undefined || reachOf(statement) !== undefined) ||
    calls.some((name) => OUTSIDE.test(name));
  return { takes, calls, statements };
}

function addTo(routines: Map<string, Routine[]>, bare: string, routine: Routine): void {
  routines.set(bare, [...(routines.get(bare) ?? []), routine]);
}

/** Adds those of the database that have one of these names, and what they call. */
async function readRoutines(
  database: Database,
  names: readonly string[],
  routines: Map<string, Routine[]>,
): Promise<void> {
  const known = new Set<string>();
  let wanted = [...new Set(names)];
  while (wanted.length > 0) {
    for (const name of wanted) known.add(name);
    const found = await database.query<{ bare: string; name: string; body: string }>(
      `select p.proname as bare, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as name,
              coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as body
         from pg_catalog.pg_proc p
         join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
         join pg_catalog.pg_language l on l.oid operator(pg_catalog.=) p.prolang and (l.lanispl or l.lanname operator(pg_catalog.=) 'sql')
        where p.oid operator(pg_catalog.>=) 16384 and p.proname operator(pg_catalog.=) any (${NAMES})
        order by p.oid`,
      [JSON.stringify(wanted)],
    );
    const more: string[] = [];
    for (const { bare, name, body } of found) {
      const routine = { name, ...read(Statement.of(body).tokens(), false) };
      addTo(routines, bare, routine);
      more.push(...routine.calls);
    }
    wanted = [...new Set(more)].filter((name) => !known.has(name));
  }
}

async function readTriggers(database: Database, tables: readonly string[]): Promise<Trigger[]> {
  if (tables.length === 0) return [];
  // Bits of tgtype, see pg_trigger.h: 4 for INSERT, 16 for UPDATE.
  return await database.query<Trigger>(
    `select c.relname as "table", e.event, p.proname as routine
       from pg_catalog.pg_trigger t
       join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.tgrelid
       join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) t.tgfoid
       join (values (4, 'INSERT'), (16, 'UPDATE')) as e (bit, event)
         on (t.tgtype operator(pg_catalog.&) e.bit) operator(pg_catalog.<>) 0
      where not t.tgisinternal and t.tgenabled operator(pg_catalog.<>) 'D' and c.relname operator(pg_catalog.=) any (${NAMES})
      order by t.oid`,
    [JSON.stringify(tables)],
  );
}

/** In whatever transaction and search_path there is: a scratch database is asked in the middle of a migration. */
const NAMES =
  "array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name)";
