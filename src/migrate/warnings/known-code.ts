import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import {
  callsAlone,
  type Code,
  type EventTrigger,
  readCode,
  unreadable,
  usedKey,
  type Wake,
} from "#sql/effects/code.ts";
import { TAKING_WORDS } from "#sql/effects/taking-code.ts";
import { Statement } from "#sql/statement.ts";

const NAMES =
  "array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name)";
/** The functions that what is called `x` calls, itself or by an operator, as `p`. */
const CALLED = `
  join pg_catalog.pg_depend d on d.classid = x.classid and d.objid = x.objid
   and d.refclassid = any (array['pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid])
  left join pg_catalog.pg_operator o on o.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid
  join pg_catalog.pg_proc p on p.oid = coalesce(o.oprcode::pg_catalog.oid, d.refobjid) and p.oid >= 16384::pg_catalog.oid`;

/**
 * Whether a function, `p` in the language `l`, cannot be read and may do anything: PostgreSQL lets none write that is said to be STABLE or
 * IMMUTABLE, unless its language is untrusted. Extensions that everybody may install are trusted, as PostgreSQL calls it.
 */
const UNREADABLE = `(case
   when l.lanname = any (array['sql', 'plpgsql']::pg_catalog.name[]) then false
   when l.lanispl then not l.lanpltrusted or p.provolatile = 'v'
   else p.provolatile = 'v' and p.prokind <> 'a' and not exists (
     select from pg_catalog.pg_depend e join pg_catalog.pg_extension x on x.oid = e.refobjid
      where e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and e.objid = p.oid and e.deptype = 'e'
        and x.extname = any (array(select v.name from pg_catalog.pg_available_extension_versions v where v.trusted))) end)`;
const OF_EXTENSION = `exists (select from pg_catalog.pg_depend e
  where e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and e.objid = p.oid and e.deptype = 'e')`;

/** Whether a database has functions or rules that may take or expose something: most have none, and nothing else has to be asked. */
export async function hasCode(database: Database): Promise<boolean> {
  const [row] = await database.query<{ found: boolean }>(
    withOwnOperators(
      `select exists (
         select from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang and (l.lanispl or l.lanname = 'sql')
          where p.oid >= 16384::pg_catalog.oid and coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) ~*
                '\\m(${TAKING_WORDS}|do\\s+update|grant|alter|create|copy|reassign|dblink\\w*|lo_\\w+|pg_file_\\w+)\\M')
       or exists (select from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
                   where p.oid >= 16384::pg_catalog.oid and ${UNREADABLE})
       or exists (select from pg_catalog.pg_rewrite w where w.ev_type = any (array['2', '3']::"char"[]) and w.oid >= 16384::pg_catalog.oid) as found`,
    ),
  );
  return row?.found === true;
}

/** Functions, procedures and aggregates of the database that have one of these names, and what they call. */
export async function readRoutines(
  database: Database,
  names: readonly string[],
): Promise<(readonly [key: string, code: Code])[]> {
  const codes: (readonly [string, Code])[] = [];
  const known = new Set<string>();
  let wanted = [...new Set(names)];
  while (wanted.length > 0) {
    for (const name of wanted) known.add(name);
    const found = await database.query<RoutineRow>(
      withOwnOperators(
        `select p.proname as bare, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as name,
                coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) as body,
                case when ${UNREADABLE} then l.lanname end as unreadable, ${OF_EXTENSION} as "isOfExtension",
                (select pg_catalog.json_agg(f.proname)::pg_catalog.text from pg_catalog.pg_aggregate a
                   join pg_catalog.pg_proc f on f.oid = any (array[a.aggtransfn::pg_catalog.oid, a.aggfinalfn::pg_catalog.oid,
                        a.aggcombinefn::pg_catalog.oid, a.aggmtransfn::pg_catalog.oid, a.aggmfinalfn::pg_catalog.oid])
                  where a.aggfnoid::pg_catalog.oid = p.oid) as functions
           from pg_catalog.pg_proc p
           join pg_catalog.pg_namespace n on n.oid = p.pronamespace
           join pg_catalog.pg_language l on l.oid = p.prolang
          where p.oid >= 16384::pg_catalog.oid and (l.lanispl or l.lanname = 'sql' or p.prokind = 'a' or ${UNREADABLE}) and p.proname = any (${NAMES})
          order by p.oid`,
      ),
      [JSON.stringify(wanted)],
    );
    const more: string[] = [];
    for (const row of found) {
      const code = codeOf(row);
      codes.push([row.bare, code]);
      more.push(...code.calls);
    }
    wanted = [...new Set(more)].filter((name) => !known.has(name));
  }
  return codes;
}

interface RoutineRow {
  readonly bare: string;
  readonly name: string;
  readonly body: string;
  /** Its language. */
  readonly unreadable: string | null;
  readonly isOfExtension: boolean;
  /** Of an aggregate. */
  readonly functions: string | null;
}

function codeOf({ name, body, unreadable: language, isOfExtension, functions }: RoutineRow): Code {
  if (functions !== null) return callsAlone(name, JSON.parse(functions) as string[]);
  if (language === null) return { name, ...readCode(Statement.of(body).tokens(), false) };
  return { ...unreadable(name, language), ...(isOfExtension ? { isOfExtension } : {}) };
}

/** Tables that are written when one of these names is: those that a view reads, and partitions. */
export async function readTargets(
  database: Database,
  names: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const rows = await database.query<{ name: string; table: string }>(
    withOwnOperators(
      `with recursive reached (name, oid) as (
         select c.relname, c.oid from pg_catalog.pg_class c
          where c.relname = any (${NAMES}) and c.relkind = any (array['r', 'p', 'v', 'f']::"char"[])
         union
         select r.name, o.oid from reached r cross join lateral (
           select d.refobjid as oid from pg_catalog.pg_rewrite w
             join pg_catalog.pg_depend d on d.objid = w.oid and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            where w.ev_class = r.oid and w.ev_type = '1' and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           union all
           select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = r.oid) o)
       select distinct r.name, c.relname as "table" from reached r join pg_catalog.pg_class c on c.oid = r.oid`,
    ),
    [JSON.stringify(names)],
  );
  return new Map(
    [...Map.groupBy(rows, ({ name }) => name)].map(([name, all]) => [name, all.map(({ table }) => table)]),
  );
}

/** What runs when rows of these tables come or change: triggers, and the functions of constraints, defaults, indexes and domains. */
export async function readWakes(database: Database, tables: readonly string[]): Promise<Wake[]> {
  // Bits of tgtype, see pg_trigger.h: 4 for INSERT, 16 for UPDATE.
  return await database.query<Wake>(
    withOwnOperators(
      `with recursive t as materialized (select c.oid, c.relname from pg_catalog.pg_class c where c.relname = any (${NAMES}) and c.relkind = any (array['r', 'p', 'f']::"char"[])),
       types (name, oid) as (
         select t.relname, a.atttypid from t join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum >= 1::pg_catalog.int2
         union
         select y.name, o.oid from types y join pg_catalog.pg_type p on p.oid = y.oid
          cross join lateral (values (p.typbasetype), (p.typelem)) as o (oid) where o.oid <> 0::pg_catalog.oid),
       code (name, classid, objid) as (
         select t.relname, 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, k.oid from t join pg_catalog.pg_constraint k on k.conrelid = t.oid
         union all
         select y.name, 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, k.oid from types y join pg_catalog.pg_constraint k on k.contypid = y.oid
         union all
         select t.relname, 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid, f.oid from t join pg_catalog.pg_attrdef f on f.adrelid = t.oid
         union all
         select t.relname, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indexrelid from t join pg_catalog.pg_index i on i.indrelid = t.oid)
       select c.relname as "table", e.event, p.proname as routine
         from pg_catalog.pg_trigger g
         join pg_catalog.pg_class c on c.oid = g.tgrelid
         join pg_catalog.pg_proc p on p.oid = g.tgfoid
         join (values (4, 'INSERT'), (16, 'UPDATE')) as e (bit, event) on (g.tgtype & e.bit) <> 0
        where not g.tgisinternal and g.tgenabled <> 'D' and c.relname = any (${NAMES})
       union all
       select distinct x.name, e.event, p.proname
         from code x ${CALLED}
        cross join (values ('INSERT'), ('UPDATE'), ('ALTER')) as e (event)`,
    ),
    [JSON.stringify(tables)],
  );
}

/** Rules of these tables that run when rows come or change. */
export async function readRules(
  database: Database,
  tables: readonly string[],
): Promise<{ readonly wake: Wake; readonly code: Code }[]> {
  const rows = await database.query<{ table: string; event: "INSERT" | "UPDATE"; name: string; definition: string }>(
    withOwnOperators(
      `select c.relname as "table", case when w.ev_type = '3' then 'INSERT' else 'UPDATE' end as event,
              'RULE ' || pg_catalog.quote_ident(w.rulename) || ' of ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name,
              pg_catalog.pg_get_ruledef(w.oid) as definition
         from pg_catalog.pg_rewrite w
         join pg_catalog.pg_class c on c.oid = w.ev_class
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where w.ev_type = any (array['2', '3']::"char"[]) and w.ev_enabled <> 'D' and c.relname = any (${NAMES})
        order by w.oid`,
    ),
    [JSON.stringify(tables)],
  );
  return rows.map(({ table, event, name, definition }) => ({
    wake: { table, event, routine: name },
    code: { name, ...readCode(Statement.of(definition).tokens(), false) },
  }));
}

/** What using these names runs besides functions: the CHECK of a domain, the query of a view, the function of a cast. */
export async function readUses(
  database: Database,
  names: readonly string[],
): Promise<(readonly [key: string, code: Code])[]> {
  const rows = await database.query<{ name: string; what: string; function: string }>(
    withOwnOperators(
      `with recursive uses (name, what, classid, objid) as (
         select y.typname, 'the CHECK of DOMAIN ' || pg_catalog.quote_ident(y.typname), 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, k.oid
           from pg_catalog.pg_type y join pg_catalog.pg_constraint k on k.contypid = y.oid where y.typname = any (${NAMES})
         union all
         select y.typname, 'the CAST to ' || pg_catalog.quote_ident(y.typname), 'pg_catalog.pg_cast'::pg_catalog.regclass::pg_catalog.oid, k.oid
           from pg_catalog.pg_type y join pg_catalog.pg_cast k on k.casttarget = y.oid where y.typname = any (${NAMES})),
       views (name, oid) as (
         select c.relname, c.oid from pg_catalog.pg_class c
          where c.relname = any (${NAMES}) and c.relkind = any (array['v', 'm']::"char"[]) and c.oid >= 16384::pg_catalog.oid
         union
         select v.name, c.oid from views v
           join pg_catalog.pg_rewrite w on w.ev_class = v.oid
           join pg_catalog.pg_depend d on d.objid = w.oid and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           join pg_catalog.pg_class c on c.oid = d.refobjid and c.relkind = 'v')
       select x.name, x.what, p.proname as function from (
         select u.name, u.what, u.classid, u.objid from uses u
         union
         select v.name, 'the query of VIEW ' || pg_catalog.quote_ident(v.name), 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid, w.oid
           from views v join pg_catalog.pg_rewrite w on w.ev_class = v.oid and w.ev_type = '1') x ${CALLED}`,
    ),
    [JSON.stringify(names)],
  );
  return [...Map.groupBy(rows, ({ what }) => what)].map(([what, all]) => [
    usedKey(all[0]!.name),
    callsAlone(
      what,
      all.map((row) => row.function),
    ),
  ]);
}

/**
 * Operators that run functions which PostgreSQL did not bring, but for those in C that cannot write, by their signs: statements that
 * use them name no function.
 */
export const CODE_OPERATORS = withOwnOperators(`
  select o.oprname as sign, 'OPERATOR ' || o.oid::pg_catalog.regoperator::pg_catalog.text as what,
         o.oprcode::pg_catalog.text || '()' as code, p.proname as function
    from pg_catalog.pg_operator o
    join pg_catalog.pg_proc p on p.oid = o.oprcode::pg_catalog.oid
    join pg_catalog.pg_language l on l.oid = p.prolang
   where o.oid >= 16384::pg_catalog.oid and (l.lanispl or l.lanname = 'sql' or ${UNREADABLE})`);

/** `CODE_OPERATORS` as code, and event triggers. */
export async function readAnywhere(database: Database): Promise<{
  readonly operators: readonly (readonly [sign: string, code: Code])[];
  readonly eventTriggers: readonly EventTrigger[];
}> {
  const operators = await database.query<{ sign: string; function: string }>(CODE_OPERATORS);
  const triggers = await database.query<Omit<EventTrigger, "tags"> & { readonly tags: string | null }>(
    withOwnOperators(
      `select t.evtname as name, t.evtevent as event, pg_catalog.array_to_json(t.evttags)::pg_catalog.text as tags, p.proname as routine
         from pg_catalog.pg_event_trigger t join pg_catalog.pg_proc p on p.oid = t.evtfoid
        where t.evtenabled <> 'D' order by t.oid`,
    ),
  );
  return {
    operators: operators.map(({ sign, function: called }) => [sign, callsAlone(`OPERATOR ${sign}`, [called])]),
    eventTriggers: triggers.map(({ tags, ...trigger }) => ({
      ...trigger,
      tags: tags === null ? [] : (JSON.parse(tags) as string[]),
    })),
  };
}
