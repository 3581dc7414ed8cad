-- migrate:up

DO $$
BEGIN
  EXECUTE (
    SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, '"public"."t"', NULL)
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = '"public"."t"'::pg_catalog.regclass AND k.contype = 'n' AND a.attname = 'a');
END$$;

CREATE TABLE public.u (
  id    integer NOT NULL,
  "A b" integer NOT NULL,
  CONSTRAINT given PRIMARY KEY (id)
);

DO '
BEGIN
  EXECUTE (
    SELECT pg_catalog.format(''COMMENT ON CONSTRAINT %I ON %s IS %L'', k.conname, ''"public"."t"'', ''it''''s always $$ there'')
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = ''"public"."t"''::pg_catalog.regclass AND k.contype = ''n'' AND a.attname = ''b'');
END';

DO $$
BEGIN
  EXECUTE (
    SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, '"public"."u"', 'of its own')
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.conrelid = '"public"."u"'::pg_catalog.regclass AND k.contype = 'n' AND a.attname = 'A b');
END$$;
