import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncPlan, SyncTable } from "../plan.ts";
import type { Side } from "./reading-failed.ts";

interface Lacking {
  readonly schema: string;
  readonly name: string;
  readonly role: string;
  readonly may_enter: boolean;
  readonly may_read: boolean;
  readonly is_sequence: boolean;
  /** Of a sequence, tables that it fills a column of. */
  readonly fills: readonly { readonly schema: string; readonly name: string }[];
  /** Whether policies would hide rows from the role. */
  readonly is_hidden: boolean;
}

/** A role may also have been given every column by itself. */
const READ = `
  select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, current_user::pg_catalog.text as role,
      pg_catalog.has_schema_privilege(n.oid, 'usage') as may_enter, m.may_read, pg_catalog.row_security_active(c.oid) as is_hidden,
      c.relkind operator(pg_catalog.=) 'S' as is_sequence,
      (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname)), '[]') from pg_catalog.pg_depend d
          join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) d.refobjid join pg_catalog.pg_namespace tn on tn.oid operator(pg_catalog.=) t.relnamespace
        where d.objid operator(pg_catalog.=) c.oid and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjsubid operator(pg_catalog.>) 0 and d.deptype operator(pg_catalog.=) any ('{a,i}')) as fills
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    cross join lateral (select pg_catalog.has_table_privilege(c.oid, 'select') or not exists (select from pg_catalog.pg_attribute a
        where a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
          and not pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')) as may_read) m
   where c.relkind operator(pg_catalog.=) any ('{r,m,S}') and n.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'
     and not exists (select from pg_catalog.pg_depend d where c.relkind operator(pg_catalog.=) 'S' and d.objid operator(pg_catalog.=) c.oid
           and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype operator(pg_catalog.=) 'e')
     and (not pg_catalog.has_schema_privilege(n.oid, 'usage') or not m.may_read or pg_catalog.row_security_active(c.oid))
   order by 1, 2`;

/** Tables that the message names; the statements name all. */
const TOLD = 20;

/** What is read of a database. */
export interface Reads {
  readonly tables: readonly TableName[];
  /** Whether sequences are read as well: all but those of tables that stay empty, which may begin anew. */
  readonly empty?: readonly TableName[];
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** What a copy reads of the source. */
export function readsOf(plan: SyncPlan): Reads {
  const [tables, empty] = [plan.tables.filter(isCopied), plan.tables.filter((table) => !isCopied(table))];
  return { tables, empty };
}

function isCopied({ mode }: SyncTable): boolean {
  return mode === "rows";
}

/**
 * Stops where the role may not read what is going to be read: every table and sequence at once, with what to run.
 * @param reads undefined for all tables there are, materialized views as well
 * @throws ConfitureError `sync_source_failed`, `sync_target_failed`
 */
export async function requireRights(database: Database, side: Side, reads?: Reads): Promise<void> {
  const nameOf = ({ schema, name }: TableName): string => quoteQualified(schema, name);
  const wanted = new Set(reads?.tables.map(nameOf));
  const empty = new Set(reads?.empty?.map(nameOf));
  const isRead = (one: Lacking): boolean => {
    if (!one.is_sequence) return reads === undefined || wanted.has(nameOf(one));
    if (reads?.empty === undefined) return false;
    return one.fills.length === 0 || !one.fills.every((table) => empty.has(nameOf(table)));
  };
  const lacking = (await database.query<Lacking>(READ)).filter(isRead);
  const [first] = lacking;
  if (first === undefined) return;
  const role = quoteIdentifier(first.role);
  const unread = lacking.filter(({ may_enter: mayEnter, may_read: mayRead }) => !mayEnter || !mayRead);
  const hidden = lacking.filter(({ is_hidden: isHidden }) => isHidden);
  const unreadable = unread.filter(({ may_read: mayRead }) => !mayRead);
  const schemas = new Set(unread.filter(({ may_enter: mayEnter }) => !mayEnter).map(({ schema }) => schema));
  const statements = [
    ...[...schemas].map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`),
    ...[...Map.groupBy(unreadable, ({ schema, is_sequence: isSequence }) => `${isSequence}\0${schema}`).values()].map(
      (some) => `GRANT SELECT ON ${some[0]!.is_sequence ? "SEQUENCE " : ""}${some.map(nameOf).join(", ")} TO ${role};`,
    ),
    ...(hidden.length === 0 ? [] : [`ALTER ROLE ${role} BYPASSRLS;`]),
  ];
  const what = [
    ...(unread.length === 0 ? [] : [`the role ${first.role} may not read ${named(unread)}`]),
    ...(hidden.length === 0
      ? []
      : [`row-level security would hide rows of ${named(hidden)} from the role ${first.role}`]),
  ];
  throw new ConfitureError(
    side === "source" ? "sync_source_failed" : "sync_target_failed",
    `On the ${side}, ${what.join(", and ")}`,
    {
      hint: [`Run on the ${side}, as a role that may:`, ...statements].join("\n"),
      data: {
        sqlstate: "42501",
        side,
        role: first.role,
        tables: lacking.map(({ schema, name }) => reportedName(schema, name)),
      },
    },
  );
}

function named(tables: readonly Lacking[]): string {
  const names = tables.slice(0, TOLD).map(({ schema, name }) => reportedName(schema, name));
  return `${names.join(", ")}${tables.length > TOLD ? ` and ${tables.length - TOLD} more` : ""}`;
}
