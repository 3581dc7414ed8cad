/** SQL for the relation `c`; of a partition, for the table that it is a part of. */
export const ROOT_OID =
  "(case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid else c.oid end)";

/** SQL for the schema and the name of the relation `c`; of a partition, those of the table that it is a part of. */
export const ROOT = `(select array[m.nspname::pg_catalog.text, r.relname::pg_catalog.text]
         from pg_catalog.pg_class r join pg_catalog.pg_namespace m on m.oid operator(pg_catalog.=) r.relnamespace
        where r.oid operator(pg_catalog.=) ${ROOT_OID})`;
