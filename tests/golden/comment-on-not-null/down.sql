-- migrate:down

DO $$
BEGIN
  EXECUTE (
    SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, '"public"."t"', NULL)
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = '"public"."t"'::pg_catalog.regclass AND k.contype = 'n' AND a.attname = 'b');
END$$;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.u wait until the migration is committed.
DROP TABLE public.u;

DO $$
BEGIN
  EXECUTE (
    SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, '"public"."t"', 'always there')
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = '"public"."t"'::pg_catalog.regclass AND k.contype = 'n' AND a.attname = 'a');
END$$;
