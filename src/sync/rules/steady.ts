import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { readRoutines } from "#migrate/warnings/known-code.ts";
import { type Parser, withParser } from "#sql/parser.ts";
import type { SyncFinding, Trial } from "../finding.ts";
import { mentionsIn } from "./mentions.ts";
import { asksForTime } from "./one-moment.ts";
import { isSettled } from "./settled.ts";
import { choiceFault } from "./sql-reach.ts";

/** The first object that PostgreSQL did not bring itself (FirstNormalObjectId). */
const OWN = "16384::pg_catalog.oid";

const SPACE = `pg_catalog.pg_namespace n on n.nspname = any (case when x.schema is null
  then array['pg_catalog', 'public']::pg_catalog.name[] else array[x.schema]::pg_catalog.name[] end)`;

/** Mentions, and the types in reach of them. */
const REACHED = `
  with recursive x as materialized (select * from pg_catalog.json_to_recordset($1::pg_catalog.text::pg_catalog.json)
      as x (kind pg_catalog.text, schema pg_catalog.text, name pg_catalog.text, args pg_catalog.int4)),
  relations (oid) as (select c.oid from x join ${SPACE} join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = x.name::pg_catalog.name
    where x.kind = 'relation'),
  named (oid) as (select t.oid from x join ${SPACE} join pg_catalog.pg_type t on t.typnamespace = n.oid and t.typname = x.name::pg_catalog.name
    where x.kind = any (array['type', 'function'])
   union select t.typbasetype from named d join pg_catalog.pg_type t on t.oid = d.oid where t.typtype = 'd'),
  routines (oid) as (select p.oid from x join ${SPACE} join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = x.name::pg_catalog.name
    where x.kind = 'function' and (p.provariadic <> 0::pg_catalog.oid or (x.args <= p.pronargs::pg_catalog.int4
        and x.args >= (p.pronargs::pg_catalog.int4 operator(pg_catalog.-) p.pronargdefaults::pg_catalog.int4)))
       or x.kind = 'field' and p.pronargs = 1::pg_catalog.int2
          and exists (select from pg_catalog.pg_type t where t.oid = p.proargtypes[0] and t.typtype = 'c')),
  types (oid) as (select oid from named
    union select p.prorettype from routines r join pg_catalog.pg_proc p on p.oid = r.oid
    union select a.atttypid from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0::pg_catalog.int2
    union select o.oid from types y join pg_catalog.pg_type t on t.oid = y.oid cross join lateral (values (t.typbasetype), (t.typelem)) as o (oid))`;

/** Functions that SQL calls by name, by an operator or by a cast, with those that aggregates are made of. */
const CALLED = withOwnOperators(`${REACHED},
  called (oid, way) as (select r.oid, null from routines r
    union all select o.oprcode::pg_catalog.oid, 'the operator ' || o.oprname::pg_catalog.text
      from x join pg_catalog.pg_operator o on o.oprname = x.name::pg_catalog.name and o.oid >= ${OWN}
     where x.kind = 'operator' and ((o.oprleft < ${OWN} and o.oprright < ${OWN})
        or exists (select from types y where y.oid = any (array[o.oprleft, o.oprright])))
    union all select k.castfunc, 'the cast to ' || pg_catalog.format_type(k.casttarget, null)
      from pg_catalog.pg_cast k
     where k.oid >= ${OWN} and k.castfunc <> 0::pg_catalog.oid
       and (k.castcontext = 'i' or exists (select from named t where t.oid = k.casttarget))
       and (k.castsource < ${OWN} or exists (select from types y where y.oid = k.castsource))
       and (k.casttarget < ${OWN} or exists (select from types y where y.oid = k.casttarget))),
  run (oid, way) as (select oid, way from called
    union all select f.oid, c.way from called c join pg_catalog.pg_aggregate a on a.aggfnoid::pg_catalog.oid = c.oid
      cross join lateral (values (a.aggtransfn::pg_catalog.oid), (a.aggfinalfn::pg_catalog.oid)) as f (oid))
  select p.proname as bare, p.oid::pg_catalog.regprocedure::pg_catalog.text as name, p.pronargs::pg_catalog.int4 as takes, r.way,
      p.provolatile = 'v' as "isVolatile", p.oid >= ${OWN} as "isOwn"
    from (select distinct oid, way from run) r join pg_catalog.pg_proc p on p.oid = r.oid
   where p.provolatile <> 'i' or p.oid >= ${OWN} order by p.provolatile = 'v' desc, p.oid`);

/** Whether a function changes what it may see, by the setting that a copy relies on. */
const UNLIMITED = withOwnOperators(`
  select p.oid::pg_catalog.regprocedure::pg_catalog.text as name from pg_catalog.pg_proc p
   where p.oid >= ${OWN} and p.proname = any (array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name))
     and exists (select from pg_catalog.unnest(p.proconfig) s (setting) where s.setting ~* '^row_security=(on|true|yes|1)$') order by p.oid`);

/**
 * Definitions that are run with it: of views, and of the checks of domains. What has its rows from elsewhere than the snapshot comes without
 * one: sequences, and tables of another server.
 */
const BEHIND = withOwnOperators(`${REACHED},
  read (oid) as (select oid from relations union select i.inhrelid from read r join pg_catalog.pg_inherits i on i.inhparent = r.oid)
  select case c.relkind when 'S' then 'the sequence ' else 'the foreign table ' end || c.oid::pg_catalog.regclass::pg_catalog.text as name, null as sql
    from read r join pg_catalog.pg_class c on c.oid = r.oid and c.relkind = any (array['S', 'f'])
  union all
  select 'the view ' || c.oid::pg_catalog.regclass::pg_catalog.text as name, pg_catalog.pg_get_viewdef(c.oid) as sql
    from relations r join pg_catalog.pg_class c on c.oid = r.oid and c.relkind = 'v'
  union all
  select 'the domain ' || k.contypid::pg_catalog.regtype::pg_catalog.text, 'SELECT ' || pg_catalog.pg_get_expr(k.conbin, 0::pg_catalog.oid)
    from named t join pg_catalog.pg_constraint k on k.contypid = t.oid and k.contype = 'c' order by 1, 2`);

interface Called {
  readonly bare: string;
  /** "public.coin(integer)" */
  readonly name: string;
  readonly takes: number;
  /** "the operator ===" */
  readonly way: string | null;
  readonly isVolatile: boolean;
  readonly isOwn: boolean;
}

interface Fault {
  /** What the condition does, in words that go on from its name. */
  readonly does: string;
  readonly fix: string;
}

/**
 * Asks the database what conditions call, also by operators, casts, views and domains, and says which of them may choose other rows in
 * the next query of a copy. A function of the database's own that says that it is STABLE or IMMUTABLE is believed.
 * @param database in a transaction, with the search_path of the copy's queries
 */
export async function unsteadyConditions(database: Database, trials: readonly Trial[]): Promise<SyncFinding[]> {
  if (trials.length === 0) return [];
  return await withParser(async (parser) => {
    const findings: SyncFinding[] = [];
    for (const { sql, finding } of trials) {
      const fault = await faultOf(database, parser, sql);
      if (fault !== undefined)
        findings.push({ ...finding, message: `${finding.message} ${fault.does}`, fix: fault.fix });
    }
    return findings;
  });
}

async function faultOf(database: Database, parser: Parser, condition: string): Promise<Fault | undefined> {
  const looked = new Set<string>();
  const texts: { readonly sql: string; readonly behind?: string }[] = [{ sql: condition }];
  for (const { sql, behind } of texts) {
    const read = mentionsIn(parser, sql);
    if (read === undefined)
      return { does: `uses ${behind}, which cannot be read`, fix: "Write what it does in the condition itself" };
    const { statements, mentions } = read;
    const unsteady = behind === undefined ? undefined : faultBehind(statements);
    if (unsteady !== undefined)
      return { does: `uses ${behind}: ${unsteady}`, fix: `Write what ${behind} chooses in the condition itself` };
    const asked = [JSON.stringify(mentions)];
    const called = await database.query<Called>(CALLED, asked);
    const volatile = called.find(({ isVolatile }) => isVolatile);
    if (volatile !== undefined) return faultOfVolatile(volatile, behind);
    const unsettled = called.find(({ isOwn, bare, takes }) => !isOwn && !isSettled({ name: bare, takes }));
    if (unsettled !== undefined) return faultOfUnsettled(unsettled, behind);
    const counter = IN_PLACE.find((column) => mentions.some(({ kind, name }) => kind === "field" && name === column));
    if (
      counter !== undefined &&
      mentions.some(({ kind, name }) => kind === "relation" && /^pg_(?:class|database)$/.test(name))
    )
      return {
        does: `reads "${counter}"${byWayOf(behind)}, which VACUUM changes for all at once: it may be another one in each query of a copy, so that rows would be missing`,
        fix: "Choose rows by what tables hold",
      };
    const unlimited = await unlimitedAmong(database, called);
    if (unlimited !== undefined)
      return {
        does: `calls ${unlimited}, which turns row_security on: policies would hide rows from it without an error`,
        fix: `Leave it to the session: ALTER FUNCTION ${unlimited} RESET row_security;`,
      };
    for (const { name, sql: definition } of await database.query<{ name: string; sql: string | null }>(BEHIND, asked)) {
      if (definition === null)
        return {
          does: `reads ${name}${byWayOf(behind)}, which is outside the moment of the copy: it may give something else in each query, so that rows would be missing`,
          fix: "Choose rows by what tables of this database hold",
        };
      if (looked.has(name)) continue;
      looked.add(name);
      texts.push({ sql: definition, behind: name });
    }
  }
  return undefined;
}

function faultBehind(statements: unknown): string | undefined {
  return (
    choiceFault(statements) ??
    (asksForTime(statements) ? "It asks for the time, which is another one in each query" : undefined)
  );
}

function faultOfVolatile({ name, way, isOwn }: Called, behind: string | undefined): Fault {
  return {
    does: `calls ${name}${byWayOf(way, behind)}, which is VOLATILE: it may give another result in each query of a copy, so that rows would be missing`,
    fix: isOwn
      ? `If it always gives the same while the data stays the same, say so: ALTER FUNCTION ${name} STABLE; otherwise leave it out`
      : "Leave it out. `sample: 10%` chooses rows by chance, the same ones each time",
  };
}

function faultOfUnsettled({ bare, way }: Called, behind: string | undefined): Fault {
  return {
    does: `calls ${bare}()${byWayOf(way, behind)}, which tells of the session, the server or the time: it may give another result in each query of a copy, so that rows would be missing`,
    fix: bare === "age" ? "Say since when: age(CURRENT_DATE, ...)" : "Choose rows by what tables hold",
  };
}

function byWayOf(...by: readonly (string | null | undefined)[]): string {
  const ways = by.filter((each) => each !== undefined && each !== null);
  return ways.length === 0 ? "" : ` (by ${ways.join(", of ")})`;
}

/** Columns of the catalogue that are written over, whoever reads them. */
const IN_PLACE = "relpages reltuples relallvisible relallfrozen relfrozenxid relminmxid datfrozenxid datminmxid".split(
  " ",
);

/** A function that turns row_security on, among these and all that they call. */
async function unlimitedAmong(database: Database, called: readonly Called[]): Promise<string | undefined> {
  const own = called.filter(({ isOwn }) => isOwn).map(({ bare }) => bare);
  if (own.length === 0) return undefined;
  const reached = (await readRoutines(database, own)).map(([bare]) => bare);
  const [found] = await database.query<{ name: string }>(UNLIMITED, [JSON.stringify([...own, ...reached])]);
  return found?.name;
}
