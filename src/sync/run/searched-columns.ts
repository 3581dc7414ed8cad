import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";

/** Where an original may be in the target: texts, one a row. */
export interface Searched {
  /** For people: "public.notes.body", "public.mood (labels of the enum)". */
  readonly name: string;
  /** What comes after FROM; the row is called `t`. */
  readonly from: string;
  /** SQL for the text. */
  readonly text: string;
  /** SQL for the object of the schema that the text is of, which people are told in place of the name. */
  readonly object?: string;
}

/** A column in which no text can be looked for. */
export interface Unsearched {
  /** "public.files.content"; of a partition that of its table. */
  readonly column: string;
  /** As PostgreSQL prints it: "bytea". */
  readonly type: string;
  /** `encoded`: text may be in it in another form, as in `bytea`; `number`: digits alone. */
  readonly why: "encoded" | "number";
}

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** The schema and the name of the table; of a partition, those of the table that it is a part of. */
  readonly root: readonly string[];
  readonly type: string;
  readonly has_text: boolean;
  readonly is_encoded: boolean;
  readonly is_number: boolean;
  readonly is_key: boolean;
}

/** SQL for the relation `c`; of a partition, for the table that it is a part of. */
const ROOT_OID = "(case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid else c.oid end)";

/** SQL for the schema and the name of the relation `c`; of a partition, those of the table that it is a part of. */
export const ROOT = `(select array[m.nspname::pg_catalog.text, r.relname::pg_catalog.text]
         from pg_catalog.pg_class r join pg_catalog.pg_namespace m on m.oid operator(pg_catalog.=) r.relnamespace
        where r.oid operator(pg_catalog.=) ${ROOT_OID})`;

/**
 * What a type is made of: of a domain, an array, a composite type or a range, however deep. A type of an extension that no more is
 * known of counts as text, as all of these are written as text. A materialized view WITH NO DATA holds nothing, and cannot be read. Numbers that the database itself gives out are left out, and those
 * that name another row.
 */
const COLUMNS = `
  with recursive columns as (
    select n.nspname, c.oid, c.relname, c.relispartition, a.attname, a.attnum, a.atttypid, a.atttypmod
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.attrelid and c.relkind operator(pg_catalog.=) any ('{r,m}')
        and c.relispopulated
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
     where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped and n.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'
  ), parts (root, oid) as (
    select distinct atttypid, atttypid from columns
    union
    select p.root, x.part from parts p join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) p.oid cross join lateral (
      select t.typbasetype where t.typtype operator(pg_catalog.=) 'd'
      union all select t.typelem where t.typcategory operator(pg_catalog.=) 'A' and t.typelem operator(pg_catalog.<>) 0
      union all select r.rngsubtype from pg_catalog.pg_range r
        where r.rngtypid operator(pg_catalog.=) t.oid or r.rngmultitypid operator(pg_catalog.=) t.oid
      union all select a.atttypid from pg_catalog.pg_attribute a
        where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
          and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped) x (part)
  ), kinds as (
    select p.root,
        pg_catalog.bool_or(t.typcategory operator(pg_catalog.=) 'S'
          or t.typname operator(pg_catalog.=) any ('{json,jsonb,jsonpath,xml,tsvector,tsquery,refcursor,aclitem,regrole}')
          or (t.oid operator(pg_catalog.>=) 16384 and t.typcategory operator(pg_catalog.<>) 'A'
            and t.typname operator(pg_catalog.<>) all ('{geometry,geography,raster,vector,halfvec,sparsevec}'))) as has_text,
        pg_catalog.bool_or(t.typname operator(pg_catalog.=) any ('{bytea,geometry,geography,raster,vector,halfvec,sparsevec}')) as is_encoded,
        pg_catalog.bool_or(t.typname operator(pg_catalog.=) any ('{int4,int8,numeric,float4,float8,money,oid,xid,xid8,bit,varbit,interval,pg_lsn,point,lseg,line,box,path,polygon,circle}')) as is_number
      from parts p join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) p.oid and t.typtype operator(pg_catalog.=) 'b'
     group by p.root
  )
  select c.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as "table", c.attname::pg_catalog.text as "column",
      pg_catalog.format_type(c.atttypid, c.atttypmod) as type, k.has_text, k.is_encoded,
      ${ROOT} as root,
      k.is_number
        -- Before PostgreSQL 17, partitions do not say that they take numbers of an identity column.
        and not exists (select from pg_catalog.pg_attribute g where g.attrelid operator(pg_catalog.=) ${ROOT_OID}
          and g.attname operator(pg_catalog.=) c.attname and g.attidentity operator(pg_catalog.<>) '')
        and not exists (select from pg_catalog.pg_attrdef d where d.adrelid operator(pg_catalog.=) c.oid
          and d.adnum operator(pg_catalog.=) c.attnum and pg_catalog.pg_get_expr(d.adbin, d.adrelid) operator(pg_catalog.~) 'nextval')
        and not exists (select from pg_catalog.pg_constraint f where f.conrelid operator(pg_catalog.=) c.oid
          and f.contype operator(pg_catalog.=) 'f' and c.attnum operator(pg_catalog.=) any (f.conkey)) as is_number,
      exists (select from pg_catalog.pg_index i where i.indrelid operator(pg_catalog.=) c.oid and i.indisunique
        and c.attnum operator(pg_catalog.=) any (i.indkey)) as is_key
    from columns c join kinds k on k.root operator(pg_catalog.=) c.atttypid
   where k.has_text or k.is_encoded or k.is_number
   order by 1, 2, c.attnum`;

/** Enums with a label in which something may be: an address, or as many digits as a number has. */
const ENUMS = `
  select distinct n.nspname::pg_catalog.text as schema, t.typname::pg_catalog.text as name, t.oid::pg_catalog.int8::pg_catalog.text as oid
    from pg_catalog.pg_enum e join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) e.enumtypid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
   where e.enumlabel operator(pg_catalog.~) '[@%&\\\\]|([0-9].*){6}'
   order by 1, 2`;

/** Names of columns, and of their types, that hold the number of a person. */
const OF_PERSONS =
  /phone|mobile|msisdn|(^|_)(tel|fax|cell|pan|ssn|pin|nino|nhs|vat)(_|$)|card|iban|account|social|tax|passport|licen[cs]e|insurance|contact/;

/** Where a column comes in a list that may be cut: those first that may hold personal numbers, and keys last. */
function rankOf({ column, type, is_key: isKey }: Column): number {
  if (OF_PERSONS.test(column.toLowerCase()) || OF_PERSONS.test(type)) return 0;
  if (isKey) return 3;
  // A phone or card number is too long for the others.
  return /^(?:bigint|numeric)/.test(type) ? 1 : 2;
}

/**
 * What of a target is to be searched for originals, and which columns cannot be.
 * @param treatmentOf of a column of a table: `made` of nothing but digests, or `partly` replaced, or kept
 * @param hasNumbers whether what is looked for may stand in a column of numbers
 */
export async function searchedColumns(
  target: Database,
  treatmentOf: (schema: string, table: string, column: string) => "made" | "partly" | "kept",
  hasNumbers: boolean,
): Promise<{ readonly searched: readonly Searched[]; readonly columns: number; readonly unsearched: Unsearched[] }> {
  const columns = (await target.query<Column>(COLUMNS)).filter(
    ({ schema, table, column }) => treatmentOf(schema, table, column) !== "made",
  );
  const texts = columns
    .filter(({ has_text: hasText }) => hasText)
    .map(({ schema, table, column }) => ({
      name: reportedName(schema, table, column),
      from: `only ${quoteQualified(schema, table)} t`,
      // A collation of its own might not know patterns.
      text: `(t.${quoteIdentifier(column)}::pg_catalog.text collate pg_catalog."C")`,
    }));
  const labels = (await target.query<{ schema: string; name: string; oid: string }>(ENUMS)).map(
    ({ schema, name, oid }) => ({
      name: `${reportedName(schema, name)} (labels of the enum)`,
      from: `(select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid operator(pg_catalog.=) ${quoteLiteral(oid)}::pg_catalog.oid) t`,
      text: "t.enumlabel::pg_catalog.text",
    }),
  );
  const unsearched = new Map<string, Unsearched>();
  const kept = columns.filter(({ schema, table, column }) => treatmentOf(schema, table, column) === "kept");
  const inOrder = kept.toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const { root, column, type, has_text: hasText, is_encoded: isEncoded, is_number: isNumber } of inOrder) {
    if (!isEncoded && (hasText || !isNumber || !hasNumbers)) continue;
    const name = reportedName(...root, column);
    unsearched.set(name, { column: name, type, why: isEncoded ? "encoded" : "number" });
  }
  return { searched: [...texts, ...labels], columns: texts.length, unsearched: [...unsearched.values()] };
}
