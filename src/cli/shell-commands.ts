import { quoteLiteral } from "#sql/quote.ts";
import { nameCondition, type Names } from "./shell-patterns.ts";

/** What a backslash command asks for. */
export type ShellCommand =
  | { readonly kind: "quit" | "help" | "timing" | "expanded" }
  | { readonly kind: "file"; readonly path: string }
  /** A query, and what is said where it finds nothing. */
  | { readonly kind: "list"; readonly query: string; readonly none: string }
  /** Relations that are described one by one: the query gives their number, kind, schema and name. */
  | { readonly kind: "describe"; readonly query: string; readonly none: string }
  | { readonly kind: "unknown"; readonly name: string };

export const SHELL_HELP = `\\q            quit (exit, quit and Ctrl-D as well)
\\d            tables, views and sequences
\\d NAME       columns, indexes and constraints of one
\\dt \\dv \\dm   tables, views, materialized views
\\ds \\di       sequences, indexes
\\df \\dn \\du   functions, schemas, roles
\\l            databases
\\i FILE       run the SQL of a file
\\timing       show how long statements take, or stop doing so
\\x            show each row as a list of its columns, or stop doing so
\\?            this help (help as well)

Lists take a pattern: \\dt user*, \\df billing.*
`;

/** What `\d` lists: letters of psql's, and kinds of relations in pg_class. */
const RELATIONS: Readonly<Record<string, string>> = {
  d: "rpvmSf",
  dt: "rp",
  dv: "v",
  dm: "m",
  ds: "S",
  di: "iI",
};

/** Whether a line leaves the shell by a word, as psql takes them. Pure. */
export function isLeaving(line: string): boolean {
  return /^\s*(?:exit|quit)[\s;]*$/.test(line);
}

/** Whether a line asks for help by a word, as psql takes it. Pure. */
export function isAskingForHelp(line: string): boolean {
  return /^\s*help[\s;]*$/.test(line);
}

/**
 * What somebody is told who wants to leave, or help, in the middle of a statement, where the word is taken for a part of it.
 * @param isQuoted inside quotes, where a command is a part of it as well
 */
export function wayOutOfStatement(line: string, isQuoted: boolean): string | undefined {
  const leaves = isLeaving(line);
  if (!leaves && !isAskingForHelp(line)) return undefined;
  if (isQuoted) return "This is inside quotes, a comment or the rows of a COPY. Ctrl-C throws away what was typed.";
  const command = leaves ? "\\q to quit" : "\\? for help";
  return `A statement is open, and a semicolon ends it. Type ${command}, or Ctrl-C to throw away what was typed.`;
}

/** Reads a line that begins with a backslash. Pure. */
export function readShellCommand(line: string): ShellCommand {
  const [, name = "", argument = ""] = /^\\(\S+)\s*(.*?)[\s;]*$/s.exec(line) ?? [];
  const named = argument === "" ? "" : ` named "${argument}"`;
  const list = (query: (pattern: string) => string, what: string): ShellCommand => ({
    kind: "list",
    query: query(argument),
    none: `Did not find any ${argument === "" ? `${what}s` : what}${named}.`,
  });
  switch (name) {
    case "q":
      return { kind: "quit" };
    case "?":
    case "h":
      return { kind: "help" };
    case "timing":
      return { kind: "timing" };
    case "x":
      return { kind: "expanded" };
    case "i":
      return argument === "" ? { kind: "unknown", name: "i (without a file)" } : { kind: "file", path: argument };
    case "l":
      return list(databases, "database");
    case "dn":
      return list(schemas, "schema");
    case "df":
      return list(functions, "function");
    case "du":
    case "dg":
      return list(roles, "role");
  }
  const kinds = RELATIONS[name];
  if (kinds === undefined) return { kind: "unknown", name };
  if (name !== "d" || argument === "") return list((pattern) => relations(kinds, pattern), "relation");
  return { kind: "describe", query: found(argument), none: `Did not find any relation${named}.` };
}

const USERS_OWN = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
const IN_SCHEMA = { schema: "n.nspname", shown: USERS_OWN } as const;

function databases(pattern: string): string {
  return `select d.datname as "Name", pg_catalog.pg_get_userbyid(d.datdba) as "Owner",
  pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding" from pg_catalog.pg_database d
  where ${nameCondition(pattern, { name: "d.datname", shown: "true" })} order by 1`;
}

function schemas(pattern: string): string {
  return `select n.nspname as "Name", pg_catalog.pg_get_userbyid(n.nspowner) as "Owner"
  from pg_catalog.pg_namespace n where ${nameCondition(pattern, { name: "n.nspname", shown: USERS_OWN })} order by 1`;
}

/** Those of extensions are left out, unless the pattern names their schema. */
function functions(pattern: string): string {
  const isOfExtension = `exists (select from pg_catalog.pg_depend x
    where x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and x.objid = p.oid and x.deptype = 'e')`;
  const names: Names = { name: "p.proname", schema: "n.nspname", shown: `${USERS_OWN} and not ${isOfExtension}` };
  return `select n.nspname as "Schema", p.proname as "Name", pg_catalog.pg_get_function_result(p.oid) as "Result data type",
  pg_catalog.pg_get_function_arguments(p.oid) as "Argument data types"
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where ${nameCondition(pattern, names)} order by 1, 2, 4`;
}

function roles(pattern: string): string {
  return `select r.rolname as "Role name", pg_catalog.concat_ws(', ',
    case when r.rolsuper then 'Superuser' end, case when not r.rolinherit then 'No inheritance' end,
    case when r.rolcreaterole then 'Create role' end, case when r.rolcreatedb then 'Create DB' end,
    case when not r.rolcanlogin then 'Cannot login' end, case when r.rolreplication then 'Replication' end,
    case when r.rolbypassrls then 'Bypass RLS' end) as "Attributes"
  from pg_catalog.pg_roles r where ${nameCondition(pattern, { name: "r.rolname", shown: "r.rolname !~ '^pg_'" })} order by 1`;
}

const KIND = `case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
    when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' when 'c' then 'composite type'
    else 'index' end`;
const FROM_RELATIONS = "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace";

function relations(kinds: string, pattern: string): string {
  return `select n.nspname as "Schema", c.relname as "Name", ${KIND} as "Type",
    pg_catalog.pg_get_userbyid(c.relowner) as "Owner"
    ${FROM_RELATIONS}
    where c.relkind::text = any (pg_catalog.string_to_array(${quoteLiteral([...kinds].join(","))}, ','))
      and ${nameCondition(pattern, { name: "c.relname", ...IN_SCHEMA })} order by 1, 2`;
}

/** A relation that `\d NAME` has found. */
export interface FoundRelation {
  /** As text: it may be larger than an integer. */
  readonly oid: string;
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
}

function found(pattern: string): string {
  const names: Names = { name: "c.relname", schema: "n.nspname", shown: "pg_catalog.pg_table_is_visible(c.oid)" };
  return `select c.oid::int8::text as oid, ${KIND} as kind, n.nspname::text as schema, c.relname::text as name
    ${FROM_RELATIONS} where c.relkind <> 't' and ${nameCondition(pattern, names)} order by 3, 4`;
}

/** 'Table "public.users"'. Pure. */
export function titleOf({ kind, schema, name }: FoundRelation): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} "${schema}.${name}"`;
}

/** What is told of a relation; what finds nothing is left out, but for the first. */
export function descriptionOf({ oid }: FoundRelation): readonly string[] {
  return [
    `select a.attname as "Column", pg_catalog.format_type(a.atttypid, a.atttypmod) as "Type",
      case when a.attnotnull then 'not null' else '' end as "Nullable",
      coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), case a.attidentity when 'a' then 'generated always as identity'
        when 'd' then 'generated by default as identity' else '' end) as "Default"
      from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    `select i.indexrelid::pg_catalog.regclass as "Index", pg_catalog.pg_get_indexdef(i.indexrelid) as "Definition"
      from pg_catalog.pg_index i where i.indrelid = ${oid} order by 1`,
    `select c.conname as "Constraint", pg_catalog.pg_get_constraintdef(c.oid) as "Definition"
      from pg_catalog.pg_constraint c where c.conrelid = ${oid} and c.contype <> 'n' order by 1`,
  ];
}
