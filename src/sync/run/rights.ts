import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import { isPartOf } from "../only-tables.ts";
import type { Reads, SyncPlan } from "../plan.ts";
import type { SourceCatalogue, SourceTable, TableName } from "../source/catalogue.ts";
import type { Side } from "./reading-failed.ts";
import { isOfUsers } from "./schemas-of-users.ts";

interface Lacking {
  readonly schema: string;
  readonly name: string;
  readonly role: string;
  readonly may_enter: boolean;
  readonly may_read: boolean;
  readonly kind: string;
  readonly is_partition: boolean;
  /** Of a sequence, tables that it fills a column of. */
  readonly fills: readonly TableName[];
  /** Whether policies would hide rows from the role. */
  readonly is_hidden: boolean;
}

/**
 * A role may also have been given every column by itself, also the places of rows, by which subsets and parts of large tables are chosen.
 */
const READ = `
  select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, current_user::pg_catalog.text as role,
      pg_catalog.has_schema_privilege(n.oid, 'usage') as may_enter, m.may_read, pg_catalog.row_security_active(c.oid) as is_hidden,
      c.relkind::pg_catalog.text as kind, c.relispartition as is_partition,
      (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname)), '[]') from pg_catalog.pg_depend d
          join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) d.refobjid join pg_catalog.pg_namespace tn on tn.oid operator(pg_catalog.=) t.relnamespace
        where d.objid operator(pg_catalog.=) c.oid and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjsubid operator(pg_catalog.>) 0 and d.deptype operator(pg_catalog.=) any ('{a,i}')) as fills
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    cross join lateral (select pg_catalog.has_table_privilege(c.oid, 'select') or not exists (select from pg_catalog.pg_attribute a
        where a.attrelid operator(pg_catalog.=) c.oid and not a.attisdropped
          and (a.attnum operator(pg_catalog.>) 0 or a.attname operator(pg_catalog.=) any ('{ctid,tableoid}'))
          and not pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')) as may_read) m
   where c.relkind operator(pg_catalog.=) any ('{r,p,v,m,f,S}') and ${isOfUsers("n")}
     and not exists (select from pg_catalog.pg_depend d where c.relkind operator(pg_catalog.=) 'S' and d.objid operator(pg_catalog.=) c.oid
           and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype operator(pg_catalog.=) 'e')
     and (not pg_catalog.has_schema_privilege(n.oid, 'usage') or not m.may_read or pg_catalog.row_security_active(c.oid))
   order by 1, 2`;

const CLOSED = `
  select n.nspname::pg_catalog.text as schema, current_user::pg_catalog.text as role from pg_catalog.pg_namespace n
   where n.nspname::pg_catalog.text operator(pg_catalog.=) any (array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)))
     and not pg_catalog.has_schema_privilege(n.oid, 'usage') order by 1`;

/** Tables that the message names; the statements name all. */
const TOLD = 20;

/**
 * What a copy of tables reads of the source: them, and each of their partitions, as rows are read partition by partition; their
 * sequences, and the ledgers, which are copied as well.
 * @param isCopied of tables that are no partitions
 */
export function readsOf(catalogue: SourceCatalogue, isCopied: (root: SourceTable) => boolean): Reads {
  const isPart = isPartOf(catalogue, (table) => table.partitionOf === null && isCopied(table));
  return {
    tables: [
      ...catalogue.tables.filter((table) => (table.partitionOf === null || table.kind === "table") && isPart(table)),
      ...(catalogue.ledgers ?? []),
    ],
    empty: catalogue.tables.filter((table) => !isPart(table)),
    maySkip: true,
  };
}

/** The same without rules, where nothing is asked of a partitioned table itself. */
export function readsOfPlain({ tables }: SyncPlan, { ledgers = [] }: SourceCatalogue): Reads {
  const [copied, empty] = [tables.filter(({ mode }) => mode === "rows"), tables.filter(({ mode }) => mode === "skip")];
  return { tables: [...copied, ...ledgers], empty };
}

/**
 * Stops where the role may not read what is going to be read: everything that it lacks at once, with what to run.
 * @param reads undefined for all tables there are, materialized views as well
 * @throws ConfitureError `sync_source_failed`, `sync_target_failed`
 */
export async function requireRights(database: Database, side: Side, reads?: Reads): Promise<void> {
  const wanted = new Set(reads?.tables.map(nameOf));
  const empty = new Set(reads?.empty?.map(nameOf));
  const isRead = (one: Lacking): boolean => {
    if (one.kind !== "S") return reads === undefined ? /[rm]/.test(one.kind) : wanted.has(nameOf(one));
    if (reads?.empty === undefined) return false;
    return one.fills.length === 0 || !one.fills.every((table) => empty.has(nameOf(table)));
  };
  const lacking = (await database.query<Lacking>(READ)).filter(isRead);
  const closed =
    reads?.schemas === undefined || reads.schemas.length === 0
      ? []
      : await database.query<{ schema: string; role: string }>(CLOSED, [JSON.stringify(reads.schemas)]);
  const bare = (lacking[0] ?? closed[0])?.role;
  if (bare === undefined) return;
  const unread = lacking.filter(({ may_enter: mayEnter, may_read: mayRead }) => !mayEnter || !mayRead);
  const hidden = lacking.filter(({ is_hidden: isHidden }) => isHidden);
  const ofTables = new Set(unread.flatMap(({ may_enter: mayEnter, schema }) => (mayEnter ? [] : [schema])));
  const others = closed.map(({ schema }) => schema).filter((schema) => !ofTables.has(schema));
  const what = [
    ...(unread.length === 0 ? [] : [`the role ${bare} may not read ${named(unread)}`]),
    ...(others.length === 0
      ? []
      : [`the role ${bare} may not use the schema ${others.map((one) => reportedName(one)).join(", ")}`]),
    ...(hidden.length === 0 ? [] : [`row-level security would hide rows of ${named(hidden)} from the role ${bare}`]),
  ];
  const isPartition = unread.some((one) => one.is_partition && !one.may_read);
  throw new ConfitureError(
    side === "source" ? "sync_source_failed" : "sync_target_failed",
    `On the ${side}, ${what.join(", and ")}`,
    {
      hint: [
        ...(isPartition && side === "source"
          ? ["Rows are read partition by partition, so the right to read a partitioned table alone is not enough."]
          : []),
        ...(reads?.maySkip === true && unread.length > 0
          ? ["A table that the rules skip (`TABLE: skip` in db/sync) takes no right."]
          : []),
        `Run on the ${side}, as a role that may:`,
        ...grants(quoteIdentifier(bare), unread, [...ofTables, ...others], hidden.length > 0),
      ].join("\n"),
      data: {
        sqlstate: "42501",
        side,
        role: bare,
        tables: lacking.map(({ schema, name }) => reportedName(schema, name)),
      },
    },
  );
}

function grants(role: string, unread: readonly Lacking[], schemas: readonly string[], bypass: boolean): string[] {
  const unreadable = unread.filter(({ may_read: mayRead }) => !mayRead);
  const kinds = Map.groupBy(unreadable, ({ schema, kind }) => `${kind === "S"}\0${schema}`);
  return [
    ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`),
    ...[...kinds.values()].map(
      (some) => `GRANT SELECT ON ${some[0]!.kind === "S" ? "SEQUENCE " : ""}${some.map(nameOf).join(", ")} TO ${role};`,
    ),
    ...(bypass ? [`ALTER ROLE ${role} BYPASSRLS;`] : []),
  ];
}

function nameOf({ schema, name }: TableName): string {
  return quoteQualified(schema, name);
}

function named(tables: readonly Lacking[]): string {
  const names = tables.slice(0, TOLD).map(({ schema, name }) => reportedName(schema, name));
  return `${names.join(", ")}${tables.length > TOLD ? ` and ${tables.length - TOLD} more` : ""}`;
}
