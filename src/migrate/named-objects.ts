import { queryCatalogue } from "#database/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { Statement } from "#sql/statement.ts";
import { codeIn, isString } from "#sql/strings-in-code.ts";
import { writtenName } from "#sql/token-names.ts";
import type { LoadedMigration } from "./body.ts";
import type { MigrateOptions } from "./exclusive.ts";
import { isUnmade } from "./status.ts";

/** Something that a database has under a name that migrations mention, or that these run without naming it. */
export interface NamedObject {
  /** "FUNCTION public.purge()", "TABLE public.users" */
  readonly what: string;
  /** sha256 in hex of the code or the columns that it is; null where it counts that it is there. */
  readonly code: string | null;
}

/** What the catalogue says of one, with its code or columns as text. */
interface Found {
  readonly what: string;
  readonly code: string | null;
  /** Whether the code calls others by their names. */
  readonly calls: boolean;
}

/**
 * What a database has under the names that the SQL of migrations mentions, in the order of their names: schemas, relations with their
 * columns, types, and the code of functions, triggers and rules, with the functions that these call by name. What `plan` says of a statement
 * holds for as long as these stay: the text of `SELECT purge()` says nothing of what it does, and that of `DROP TABLE IF EXISTS`
 * nothing of whether there is one.
 */
export async function namedObjects(migrations: readonly LoadedMigration[], database: Database): Promise<NamedObject[]> {
  const objects = new Map<string, NamedObject>();
  const known = new Set<string>();
  let wanted = new Set(migrations.flatMap(({ up }) => (up.kind === "sql" ? [...mentioned(up.script.statements)] : [])));
  while (wanted.size > 0) {
    for (const name of wanted) known.add(name);
    const more: string[] = [];
    for (const { what, code, calls } of await find(database, [...wanted])) {
      objects.set(what, { what, code: code === null ? null : Bun.SHA256.hash(code, "hex") });
      if (calls && code !== null) more.push(...namesIn(Statement.of(code).tokens()));
    }
    wanted = new Set(more.filter((name) => !known.has(name)));
  }
  return [...objects.values()].toSorted((one, other) => (one.what < other.what ? -1 : 1));
}

/** As `namedObjects`, in a session of its own; none where the database is yet to be made. */
export async function askNamedObjects(
  migrations: readonly LoadedMigration[],
  options: MigrateOptions,
): Promise<NamedObject[]> {
  const { target, lockWait, signal } = options;
  if (target.engine === "embedded" && (target.path === undefined || isUnmade(target))) return [];
  return await withDatabase(target, { ...options.connect, lockWait, signal }, (database) =>
    namedObjects(migrations, database),
  );
}

/**
 * Requires that a database has what it had under the names that migrations mention. Pure.
 * @throws ConfitureError `plan_outdated` with everything that has changed since
 */
export function requireSameObjects(planned: readonly NamedObject[], now: readonly NamedObject[]): void {
  const [before, after] = [byWhat(planned), byWhat(now)];
  const changes = [
    ...now.flatMap(({ what, code }) => {
      if (!before.has(what)) return [`${what} is there now, and was not`];
      return before.get(what) === code ? [] : [`${what} is another one than it was`];
    }),
    ...planned.flatMap(({ what }) => (after.has(what) ? [] : [`${what} is gone`])),
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
  return tokens.flatMap((token) => {
    if (isString(token)) return codeIn(token).flatMap((code) => namesIn(Statement.of(code).tokens()));
    return /^["A-Za-z_\u0080-\uffff]/.test(token) ? [writtenName(token)] : [];
  });
}

/** Objects of extensions among them: their functions can be replaced as well. Those of PostgreSQL itself come with its version. */
const FIND = `
with wanted as materialized (select json_array_elements_text($1::text::json)::name as name),
named as materialized (
  select c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relname in (table wanted) and c.oid >= 16384 and c.relpersistence <> 't')
select 'SCHEMA ' || quote_ident(nspname) as what, null as code, false as calls
  from pg_namespace where nspname in (table wanted) and oid >= 16384
union all
select case relkind when 'v' then 'VIEW ' when 'm' then 'MATERIALIZED VIEW ' when 'S' then 'SEQUENCE ' when 'f' then 'FOREIGN TABLE '
            when 'i' then 'INDEX ' when 'I' then 'INDEX ' when 'c' then 'TYPE ' else 'TABLE ' end || name,
       (select string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ', ' order by a.attnum)
          from pg_attribute a where a.attrelid = named.oid and a.attnum > 0 and not a.attisdropped),
       false
  from named
union all
select 'TYPE ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname), null, false
  from pg_type t join pg_namespace n on n.oid = t.typnamespace
 where t.typname in (table wanted) and t.oid >= 16384 and t.typtype in ('d', 'e', 'r')
union all
select case p.prokind when 'p' then 'PROCEDURE ' when 'a' then 'AGGREGATE ' else 'FUNCTION ' end
       || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       concat_ws(E'\\n', case when p.prokind <> 'a' then coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) end,
                 '-- ' || concat_ws(' ', p.probin, p.prolang, p.prosecdef, p.proconfig)),
       true
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.proname in (table wanted) and p.oid >= 16384
union all
select 'TRIGGER ' || quote_ident(t.tgname) || ' on ' || c.name, pg_get_triggerdef(t.oid) || ' -- ' || t.tgenabled::text, true
  from pg_trigger t join named c on c.oid = t.tgrelid
 where not t.tgisinternal
union all
select 'RULE ' || quote_ident(r.rulename) || ' on ' || c.name, pg_get_ruledef(r.oid) || ' -- ' || r.ev_enabled::text, true
  from pg_rewrite r join named c on c.oid = r.ev_class
 where r.rulename <> '_RETURN'`;

async function find(database: Database, names: readonly string[]): Promise<Found[]> {
  return await queryCatalogue<Found>(database, FIND, [JSON.stringify(names)]);
}
