import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import type { Side } from "./reading-failed.ts";

interface Lacking {
  readonly schema: string;
  readonly name: string;
  readonly role: string;
  readonly may_enter: boolean;
  readonly may_read: boolean;
  /** Whether policies would hide rows from the role. */
  readonly is_hidden: boolean;
}

/** A role may also have been given every column by itself. */
const READ = `
  select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, current_user::pg_catalog.text as role,
      pg_catalog.has_schema_privilege(n.oid, 'usage') as may_enter, m.may_read, pg_catalog.row_security_active(c.oid) as is_hidden
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    cross join lateral (select pg_catalog.has_table_privilege(c.oid, 'select') or not exists (select from pg_catalog.pg_attribute a
        where a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
          and not pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')) as may_read) m
   where c.relkind operator(pg_catalog.=) any ('{r,m}') and n.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'
     and (not pg_catalog.has_schema_privilege(n.oid, 'usage') or not m.may_read or pg_catalog.row_security_active(c.oid))
   order by 1, 2`;

/** Statements that are told; an administrator who has more to run has a better way. */
const TOLD = 20;

/**
 * Stops where the role may not read what is going to be read: every table at once, with what to run.
 * @param tables undefined for all there are, materialized views as well
 * @throws ConfitureError `sync_source_failed`, `sync_target_failed`
 */
export async function requireRights(
  database: Database,
  side: Side,
  tables?: readonly { readonly schema: string; readonly name: string }[],
): Promise<void> {
  const wanted = new Set(tables?.map(({ schema, name }) => quoteQualified(schema, name)));
  const lacking = (await database.query<Lacking>(READ)).filter(
    ({ schema, name }) => tables === undefined || wanted.has(quoteQualified(schema, name)),
  );
  const [first] = lacking;
  if (first === undefined) return;
  const role = quoteIdentifier(first.role);
  const unread = lacking.filter(({ may_enter: mayEnter, may_read: mayRead }) => !mayEnter || !mayRead);
  const hidden = lacking.filter(({ is_hidden: isHidden }) => isHidden);
  const schemas = new Set(unread.filter(({ may_enter: mayEnter }) => !mayEnter).map(({ schema }) => schema));
  const statements = [
    ...[...schemas].map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`),
    ...unread.flatMap(({ schema, name, may_read: mayRead }) =>
      mayRead ? [] : [`GRANT SELECT ON ${quoteQualified(schema, name)} TO ${role};`],
    ),
    ...(hidden.length === 0 ? [] : [`ALTER ROLE ${role} BYPASSRLS;`]),
  ];
  const more = statements.length > TOLD ? [`and ${statements.length - TOLD} more`] : [];
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
      hint: [`Run on the ${side}, as a role that may:`, ...statements.slice(0, TOLD), ...more].join("\n"),
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
  return `${names.join(", ")}${tables.length > TOLD ? ` and ${tables.length - TOLD} more tables` : ""}`;
}
