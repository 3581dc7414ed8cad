import { makeUpRows } from "#compare/trace/made-up-rows.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { migrate, type Ways } from "./golden.ts";

/**
 * Runs both sections of a plan in a database with rows.
 * @returns what went wrong: a section that fails though nothing in it says that rows can make it, a value that is another one
 *   afterwards though nothing says that it is lost, a sequence that gives a number that is taken
 */
export async function faultsWithRows(database: Database, { up, down }: Ways): Promise<string[]> {
  await makeUpRows(database, { without: new Set(), inTransaction: false });
  const there = await faultsOf(database, "up", up);
  // What was refused leaves nothing to go back from.
  return there ?? (await faultsOf(database, "down", down)) ?? [];
}

/** Undefined when it ran, and all of it was right. */
async function faultsOf(database: Database, way: string, section: string): Promise<string[] | undefined> {
  const before = await readValues(database);
  try {
    await migrate(database, section);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    return section.includes("-- ROWS: ") ? [] : [`with rows, the way ${way} fails: ${error.message}`];
  }
  const after = await readValues(database);
  const touched = losing(section);
  const lost = [...before].flatMap(([key, { table, values }]) => {
    const held = after.get(key);
    const isSaid = touched.some((text) => text.includes(table));
    return held === undefined || isSaid || held.values === values
      ? []
      : [`with rows, the way ${way} changes ${key}: ${values} becomes ${held.values}`];
  });
  const taken = /numbers begin again|next number is gone/.test(section) ? [] : await takenNumbers(database);
  const faults = [...lost, ...taken.map((text) => `after the way ${way}, ${text}`)];
  return faults.length === 0 ? undefined : faults;
}

/** The statements of which the plan says that something is lost. */
function losing(section: string): string[] {
  return section.split("\n\n").filter((text) => text.includes("-- DATA LOSS: "));
}

interface Held {
  /** Without its schema. */
  readonly table: string;
  readonly values: string;
}

/** By table, column and type, with what domains are made of; rows of partitions and children are theirs, so that they may leave their table. */
async function readValues(database: Database): Promise<ReadonlyMap<string, Held>> {
  const columns = await database.query<{ table: string; place: string; column: string; type: string }>(`
    select c.relname as table, c.oid::regclass::text as place, quote_ident(a.attname) as column,
           format_type(a.atttypid, a.atttypmod) || coalesce((
             with recursive made_of (base, modifier) as (
               select typbasetype, typtypmod from pg_type where oid = a.atttypid and typbasetype <> 0
               union all select t.typbasetype, t.typtypmod from made_of join pg_type t on t.oid = base and t.typbasetype <> 0)
             select string_agg(format_type(base, modifier), ' ') from made_of), '') as type
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`);
  const held = new Map<string, Held>();
  for (const { table, place, column, type } of columns) {
    const [row] = await database.query<{ values: string }>(
      `select coalesce(string_agg(coalesce(${column}::text, 'NULL'), ', ' order by ${column}::text), '') as values from only ${place}`,
    );
    held.set(`${place}.${column} ${type}`, { table, values: row?.values ?? "" });
  }
  return held;
}

/** Sequences of keys, and whether the number that each gives next is one that the table has. */
async function takenNumbers(database: Database): Promise<string[]> {
  const sequences = await database.query<{ sequence: string; place: string; column: string }>(`
    select s.oid::regclass::text as sequence, c.oid::regclass::text as place, quote_ident(a.attname) as column
      from pg_class s
      join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.refclassid = 'pg_class'::regclass
       and d.deptype in ('a', 'i') and d.refobjsubid > 0
      join pg_class c on c.oid = d.refobjid
      join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
     where s.relkind = 'S' and (a.attidentity <> '' or a.atthasdef) and exists (
       select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indnatts = 1 and i.indkey[0] = a.attnum)`);
  const taken: string[] = [];
  for (const { sequence, place, column } of sequences) {
    const [row] = await database.query<{ taken: boolean; next: string }>(
      `select next, exists (select from ${place} where ${column} = next) as taken from nextval('${sequence.replaceAll("'", "''")}') next`,
    );
    if (row?.taken === true) taken.push(`${sequence} gives ${row.next}, which ${place}.${column} has`);
  }
  return taken;
}
