import type { Database } from "#database/database.ts";
import { encodingOf } from "./encoding.ts";
import { hasBinary, textOfBytes } from "./bytes.ts";
import type { NumberPlace, Searched } from "./places.ts";
import { ROOT, ROOT_OID } from "./root-table.ts";
import { isOfUsers } from "./schemas-of-users.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";

/** A kept column that was not searched, or not all of it. */
export interface Unsearched {
  /** "public.files.content"; of a partition that of its table. */
  readonly column: string;
  /** As PostgreSQL prints it: "bytea". */
  readonly type: string;
  /** `encoded`: text may be in it in another form; `binary`: some values are no text, and were only searched as if they were; `size`: its table is large. */
  readonly why: "encoded" | "binary" | "size";
}

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** The schema and the name of the table; of a partition, those of the table that it is a part of. */
  readonly root: readonly string[];
  readonly type: string;
  /** Whether its collation can be searched for patterns. */
  readonly is_deterministic: boolean;
  readonly has_text: boolean;
  readonly is_bytes: boolean;
  readonly is_encoded: boolean;
  readonly is_number: boolean;
  readonly is_plain: boolean;
  readonly is_key: boolean;
  readonly bytes: number;
}

/** What of a target is to be searched, and what cannot be. */
export interface Places {
  readonly texts: readonly Searched[];
  readonly numbers: readonly NumberPlace[];
  /** How many kept columns, and columns that are replaced in part, these are; those of a partition count as those of its table. */
  readonly columns: number;
  readonly unsearched: readonly Unsearched[];
}

/**
 * What a type is made of: of a domain, an array, a composite type or a range, however deep. A type of an extension that no more is
 * known of counts as text, as all of these are written as text. A materialized view WITH NO DATA holds nothing, and cannot be read. Numbers that the database itself gives out are left out, and those
 * that name another row. A value is plain where the type is no more than a name for one of PostgreSQL's own.
 */
const COLUMNS = `
  with recursive columns as (
    select n.nspname, c.oid, c.relname, c.relispartition, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attcollation
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) a.attrelid and c.relkind operator(pg_catalog.=) any ('{r,m}')
        and c.relispopulated
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
     where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped and ${isOfUsers("n")}
  ), parts (root, oid, is_plain) as (
    select distinct atttypid, atttypid, true from columns
    union
    select p.root, x.part, x.is_plain and p.is_plain from parts p join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) p.oid cross join lateral (
      select t.typbasetype, true where t.typtype operator(pg_catalog.=) 'd'
      union all select t.typelem, false where t.typcategory operator(pg_catalog.=) 'A' and t.typelem operator(pg_catalog.<>) 0
      union all select r.rngsubtype, false from pg_catalog.pg_range r
        where r.rngtypid operator(pg_catalog.=) t.oid or r.rngmultitypid operator(pg_catalog.=) t.oid
      union all select a.atttypid, false from pg_catalog.pg_attribute a
        where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
          and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped) x (part, is_plain)
  ), kinds as (
    select p.root,
        pg_catalog.bool_or(t.typcategory operator(pg_catalog.=) 'S'
          or t.typname operator(pg_catalog.=) any ('{json,jsonb,jsonpath,xml,tsvector,tsquery,refcursor,aclitem,regrole}')
          or (t.oid operator(pg_catalog.>=) 16384 and t.typcategory operator(pg_catalog.<>) 'A'
            and t.typname operator(pg_catalog.<>) all ('{geometry,geography,raster,vector,halfvec,sparsevec}'))) as has_text,
        pg_catalog.bool_or(p.is_plain and t.typname operator(pg_catalog.=) 'bytea') as is_bytes,
        pg_catalog.bool_or(t.typname operator(pg_catalog.=) any ('{geometry,geography,raster,vector,halfvec,sparsevec}')
          or (t.typname operator(pg_catalog.=) 'bytea' and not p.is_plain)) as is_encoded,
        pg_catalog.bool_or(t.typname operator(pg_catalog.=) any ('{int4,int8,numeric,float8}')) as is_number,
        pg_catalog.bool_and(p.is_plain) as is_plain
      from parts p join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) p.oid and t.typtype operator(pg_catalog.=) 'b'
     group by p.root
  )
  select c.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as "table", c.attname::pg_catalog.text as "column",
      pg_catalog.format_type(c.atttypid, c.atttypmod) as type,
      coalesce((select l.collisdeterministic from pg_catalog.pg_collation l where l.oid operator(pg_catalog.=) c.attcollation), true) as is_deterministic,
      k.has_text, k.is_bytes, k.is_encoded, k.is_plain,
      pg_catalog.pg_table_size(c.oid)::pg_catalog.float8 as bytes,
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
   where k.has_text or k.is_bytes or k.is_encoded or k.is_number
   order by 1, 2, c.attnum`;

/** Enums with a label in which something may be: an address, or as many digits as a number has. */
const ENUMS = `
  select distinct n.nspname::pg_catalog.text as schema, t.typname::pg_catalog.text as name, t.oid::pg_catalog.int8::pg_catalog.text as oid
    from pg_catalog.pg_enum e join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) e.enumtypid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
   where e.enumlabel operator(pg_catalog.~) '[@%&\\\\]|([0-9].*){6}'
   order by 1, 2`;

/** Bytes of a table beyond which its columns of `bytea` are not read: of files, most is no text, and a megabyte takes half a second. */
const MOST_BYTES = 100 * 1024 ** 2;

/**
 * What of a target is to be searched for originals, and which columns cannot be.
 * @param asked for a column of a table: whether all of its values are made of digests, or it is partly replaced, or kept; whether it is
 *   searched; and whether any original may stand in a column of numbers
 */
export async function searchedColumns(
  target: Database,
  {
    treatmentOf,
    isSearched,
    hasNumbers,
  }: {
    readonly treatmentOf: (schema: string, table: string, column: string) => "made" | "partly" | "kept";
    readonly isSearched: (schema: string, table: string, column: string) => boolean;
    readonly hasNumbers: boolean;
  },
): Promise<Places> {
  const columns = (await target.query<Column>(COLUMNS)).filter(({ schema, table, column }) =>
    isSearched(schema, table, column),
  );
  const isKept = ({ schema, table, column }: Column): boolean => treatmentOf(schema, table, column) === "kept";
  const withText = columns.filter(({ has_text: hasText }) => hasText);
  const ofBytes = columns.filter(({ is_bytes: isBytes }) => isBytes);
  const readsBytes = (await encodingOf(target)) === "UTF8";
  const read = ofBytes.filter(({ bytes }) => readsBytes && bytes <= MOST_BYTES);
  const withNumbers = columns.filter(
    (one) => hasNumbers && isKept(one) && one.is_number && !one.has_text && !one.is_encoded,
  );
  const texts = withText.map(({ schema, table, column, is_deterministic: isDeterministic }) => ({
    name: reportedName(schema, table, column),
    from: `only ${quoteQualified(schema, table)} t`,
    // A collation of its own might not know patterns.
    text: `(t.${quoteIdentifier(column)}::pg_catalog.text collate pg_catalog."C")`,
    plain: `(t.${quoteIdentifier(column)}::pg_catalog.text${isDeterministic ? "" : ' collate pg_catalog."default"'})`,
  }));
  const labels = (await target.query<{ schema: string; name: string; oid: string }>(ENUMS)).map(
    ({ schema, name, oid }) => ({
      name: `${reportedName(schema, name)} (labels of the enum)`,
      from: `(select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid operator(pg_catalog.=) ${quoteLiteral(oid)}::pg_catalog.oid) t`,
      text: "t.enumlabel::pg_catalog.text",
    }),
  );
  const numbers = withNumbers.map(({ schema, table, column, is_plain: isPlain, is_key: isKey }) => ({
    name: reportedName(schema, table, column),
    from: `only ${quoteQualified(schema, table)} t`,
    value: `t.${quoteIdentifier(column)}`,
    isPlain,
    isKey,
  }));
  const unsearched = new Map<string, Unsearched>();
  const leave = ({ root, column, type }: Column, why: Unsearched["why"]): void => {
    const name = reportedName(...root, column);
    unsearched.set(name, { column: name, type, why });
  };
  for (const one of columns.filter(isKept)) {
    if (one.is_encoded || (one.is_bytes && !readsBytes)) leave(one, "encoded");
    else if (one.is_bytes && !read.includes(one)) leave(one, "size");
    else if (one.is_bytes && (await hasBinary(target, one))) leave(one, "binary");
  }
  const searched = [...withText, ...read, ...withNumbers].filter(
    ({ schema, table, column }) => treatmentOf(schema, table, column) !== "made",
  );
  return {
    texts: [...texts, ...read.map(textOfBytes), ...labels],
    numbers,
    columns: new Set(searched.map(({ root, column }) => reportedName(...root, column))).size,
    unsearched: [...unsearched.values()],
  };
}
