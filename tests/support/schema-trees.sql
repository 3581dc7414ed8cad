-- Migrations that may come next for whatever a database holds: statements, and what they are about. The same database gives
-- the same ones. Nothing is renamed that the body of a function speaks of, which does not follow.
WITH own AS (
  SELECT c.oid, c.relname, c.relkind, c.relispartition, c.relrowsecurity, c.oid::regclass::text AS name, n.nspname, md5(c.oid::regclass::text) AS luck
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), tables AS (
  SELECT * FROM own WHERE relkind IN ('r', 'p') AND NOT relispartition
), columns AS (
  SELECT t.oid, t.name, t.luck || a.attnum AS luck, a.attnum, a.attname, quote_ident(a.attname) AS quoted, a.attnotnull, a.atthasdef,
         format_type(a.atttypid, a.atttypmod) AS type, y.typcategory AS category, a.attidentity, a.attgenerated,
         EXISTS (SELECT FROM pg_constraint p WHERE p.conrelid = t.oid AND a.attnum = ANY (p.conkey)) AS keyed,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND a.attnum = ANY (i.indkey)) AS indexed,
         row_number() OVER (PARTITION BY t.oid ORDER BY md5(a.attname)) AS place
    FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_type y ON y.oid = a.atttypid
   WHERE a.attnum > 0 AND NOT a.attisdropped
), functions AS (
  SELECT p.oid, p.prosrc, p.proname, p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS definition, md5(p.oid::regprocedure::text) AS luck
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
   WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND p.prokind IN ('f', 'p') AND lanname IN ('sql', 'plpgsql')
     AND p.prosqlbody IS NULL
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
), constraints AS (
  SELECT k.oid, t.name, quote_ident(k.conname) AS quoted, k.conname, k.contype, md5(t.name || k.conname) AS luck
    FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid WHERE k.conislocal AND k.contype IN ('c', 'f', 'u', 'p')
), indexes AS (
  SELECT i.indexrelid, i.indexrelid::regclass::text AS name, x.relname, md5(i.indexrelid::regclass::text) AS luck
    FROM pg_index i JOIN tables t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
), policies AS (
  SELECT quote_ident(p.polname) AS quoted, p.polname, t.name, p.polcmd, md5(t.name || p.polname) AS luck
    FROM pg_policy p JOIN tables t ON t.oid = p.polrelid
), triggers AS (
  SELECT quote_ident(g.tgname) AS quoted, g.tgname, t.name, md5(t.name || g.tgname) AS luck
    FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
), types AS (
  SELECT y.oid, y.oid::regtype::text AS name, y.typname, y.typtype, md5(y.oid::regtype::text) AS luck
    FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace
   WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND y.typtype IN ('e', 'd')
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = y.oid AND d.deptype = 'e')
), likely (kind, what, luck, statement) AS (
  SELECT 'columns', 'add', luck, format('ALTER TABLE %s ADD COLUMN added_note text', name) FROM tables
  UNION ALL SELECT 'columns', 'add filled', luck, format('ALTER TABLE %s ADD COLUMN added_count integer NOT NULL DEFAULT 0', name) FROM tables
  UNION ALL SELECT 'columns', 'drop', luck, format('ALTER TABLE %s DROP COLUMN %s', name, quoted) FROM columns WHERE NOT keyed AND place > 2
  UNION ALL SELECT 'columns', 'wider', luck, format('ALTER TABLE %s ALTER COLUMN %s TYPE bigint', name, quoted) FROM columns WHERE type IN ('smallint', 'integer') AND NOT keyed
  UNION ALL SELECT 'columns', 'to text', luck, format('ALTER TABLE %s ALTER COLUMN %s TYPE text', name, quoted) FROM columns WHERE type ~ '^character'
  UNION ALL SELECT 'columns', 'zone', luck, format('ALTER TABLE %s ALTER COLUMN %s TYPE timestamp with time zone', name, quoted) FROM columns WHERE type ~ '^timestamp.*without'
  UNION ALL SELECT 'columns', 'longer', luck, format('ALTER TABLE %s ALTER COLUMN %s TYPE varchar(321)', name, quoted) FROM columns WHERE type = 'text'
  UNION ALL SELECT 'columns', 'default', luck, format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %L', name, quoted, CASE category WHEN 'S' THEN 'none' ELSE '7' END) FROM columns WHERE category IN ('S', 'N') AND attidentity = '' AND attgenerated = ''
  UNION ALL SELECT 'columns', 'no default', luck, format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', name, quoted) FROM columns WHERE atthasdef AND attgenerated = ''
  UNION ALL SELECT 'columns', 'not null', luck, format('ALTER TABLE %s ALTER COLUMN %s SET NOT NULL', name, quoted) FROM columns WHERE NOT attnotnull
  UNION ALL SELECT 'columns', 'null', luck, format('ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL', name, quoted) FROM columns WHERE attnotnull AND NOT keyed
  UNION ALL SELECT 'columns', 'comment', luck, format('COMMENT ON COLUMN %s.%s IS %L', name, quoted, 'What it''s for') FROM columns
  UNION ALL SELECT 'columns', 'table comment', luck, format('COMMENT ON TABLE %s IS %L', name, 'Kept for a year') FROM tables
  UNION ALL SELECT 'constraints and indexes', 'check', luck, format('ALTER TABLE %s ADD CONSTRAINT added_check CHECK (%s IS NOT NULL)', name, quoted) FROM columns WHERE place = 2
  UNION ALL SELECT 'constraints and indexes', 'unique', luck, format('ALTER TABLE %s ADD CONSTRAINT added_key_%s UNIQUE (%s)', name, left(luck, 6), quoted) FROM columns WHERE place = 1
  UNION ALL SELECT 'constraints and indexes', 'refer', luck, format('ALTER TABLE %s ADD COLUMN parent_ref %s REFERENCES %s ON DELETE CASCADE', name, type, name)
    FROM (SELECT c.name, c.luck, c.type FROM columns c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' AND k.conkey = ARRAY[c.attnum]) AS keys
  UNION ALL SELECT 'constraints and indexes', 'drop', luck, format('ALTER TABLE %s DROP CONSTRAINT %s', name, quoted) FROM constraints WHERE contype <> 'p'
  UNION ALL SELECT 'constraints and indexes', 'action', luck, format('ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s ON DELETE SET NULL', name, quoted, quoted,
      regexp_replace(pg_get_constraintdef(oid), ' ON DELETE (CASCADE|RESTRICT|SET NULL|SET DEFAULT)| NOT VALID', '', 'g')) FROM constraints WHERE contype = 'f' AND pg_get_constraintdef(oid) !~ 'DEFERR|ON UPDATE'
  UNION ALL SELECT 'constraints and indexes', 'create', luck, format('CREATE INDEX added_%s ON %s (%s)', left(luck, 6), name, quoted) FROM columns WHERE NOT indexed AND type NOT IN ('json', 'xml', 'point')
  UNION ALL SELECT 'constraints and indexes', 'partial', luck, format('CREATE UNIQUE INDEX added_some_%s ON %s (lower(%s)) WHERE %s IS NOT NULL', left(luck, 6), name, quoted, quoted) FROM columns WHERE type = 'text'
  UNION ALL SELECT 'constraints and indexes', 'drop index', luck, format('DROP INDEX %s', name) FROM indexes
  UNION ALL SELECT 'rights and policies', 'grant', luck, format('GRANT SELECT, INSERT ON %s TO app_reader', name) FROM tables
  UNION ALL SELECT 'rights and policies', 'revoke', t.luck, format('REVOKE %s ON %s FROM %s', a.privilege_type, t.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM tables t JOIN pg_class c USING (oid), aclexplode(c.relacl) a WHERE a.grantee <> c.relowner
  UNION ALL SELECT 'rights and policies', 'function', luck, format('GRANT EXECUTE ON FUNCTION %s TO app_reader', name) FROM functions
  UNION ALL SELECT 'rights and policies', 'security', luck, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name) FROM tables WHERE NOT relrowsecurity
  UNION ALL SELECT 'rights and policies', 'create', luck, format('CREATE POLICY "added rows" ON %s FOR SELECT TO app_reader USING (true)', name) FROM tables
  UNION ALL SELECT 'rights and policies', 'alter', luck, format('ALTER POLICY %s ON %s USING (current_user <> %L)', quoted, name, 'nobody') FROM policies WHERE polcmd <> 'a'
  UNION ALL SELECT 'rights and policies', 'drop', luck, format('DROP POLICY %s ON %s', quoted, name) FROM policies
  UNION ALL SELECT 'functions, views and triggers', 'body', luck, replace(definition, prosrc, E'\n-- looked at again\n' || prosrc) FROM functions WHERE length(prosrc) > 20
  UNION ALL SELECT 'functions, views and triggers', 'comment', luck, format('COMMENT ON FUNCTION %s IS %L', name, 'Says what it does') FROM functions
  UNION ALL SELECT 'functions, views and triggers', 'drop function', luck, format('DROP FUNCTION %s', name) FROM functions
  UNION ALL SELECT 'functions, views and triggers', 'column', luck, format('CREATE OR REPLACE VIEW %s AS SELECT before.*, 1 AS added FROM (%s) AS before', name, rtrim(pg_get_viewdef(oid), ';')) FROM own WHERE relkind = 'v'
  UNION ALL SELECT 'functions, views and triggers', 'create', luck, format('CREATE VIEW %I.added_view AS SELECT * FROM %s', nspname, name) FROM tables
  UNION ALL SELECT 'functions, views and triggers', 'drop view', luck, format('DROP VIEW %s', name) FROM own WHERE relkind = 'v'
  UNION ALL SELECT 'functions, views and triggers', 'drop', luck, format('DROP TRIGGER %s ON %s', quoted, name) FROM triggers
  UNION ALL SELECT 'functions, views and triggers', 'disable', luck, format('ALTER TABLE %s DISABLE TRIGGER %s', name, quoted) FROM triggers
  UNION ALL SELECT 'types and tables', 'value', luck, format('ALTER TYPE %s ADD VALUE %L', name, 'added value') FROM types WHERE typtype = 'e'
  UNION ALL SELECT 'types and tables', 'value renamed', luck, format('ALTER TYPE %s RENAME VALUE %L TO %L', t.name, e.enumlabel, e.enumlabel || '_renamed') FROM types t JOIN pg_enum e ON e.enumtypid = t.oid WHERE e.enumsortorder = 2
  UNION ALL SELECT 'types and tables', 'create type', luck, format('CREATE TYPE %I.added_mood AS ENUM (%L, %L)', nspname, 'good', 'bad') FROM tables
  UNION ALL SELECT 'types and tables', 'create', luck, format(E'CREATE TABLE %I.added_things (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    label text NOT NULL\n)', nspname) FROM tables
  UNION ALL SELECT 'types and tables', 'drop', luck, format('DROP TABLE %s', name) FROM tables
  UNION ALL SELECT 'renames', 'column', luck, format('ALTER TABLE %s RENAME COLUMN %s TO %I', name, quoted, attname || '_renamed') FROM columns WHERE NOT EXISTS (SELECT FROM functions f WHERE strpos(f.prosrc, attname) > 0)
  UNION ALL SELECT 'renames', 'table', luck, format('ALTER TABLE %s RENAME TO %I', name, relname || '_renamed') FROM tables WHERE NOT EXISTS (SELECT FROM functions f WHERE strpos(f.prosrc, relname) > 0)
  UNION ALL SELECT 'renames', 'view', luck, format('ALTER VIEW %s RENAME TO %I', name, relname || '_renamed') FROM own WHERE relkind = 'v' AND NOT EXISTS (SELECT FROM functions f WHERE strpos(f.prosrc, relname) > 0)
  UNION ALL SELECT 'renames', 'sequence', luck, format('ALTER SEQUENCE %s RENAME TO %I', name, relname || '_renamed') FROM own WHERE relkind = 'S' AND NOT EXISTS (SELECT FROM functions f WHERE strpos(f.prosrc, relname) > 0)
  UNION ALL SELECT 'renames', 'index', luck, format('ALTER INDEX %s RENAME TO %I', name, relname || '_renamed') FROM indexes
  UNION ALL SELECT 'renames', 'constraint', luck, format('ALTER TABLE %s RENAME CONSTRAINT %s TO %I', name, quoted, conname || '_renamed') FROM constraints
  UNION ALL SELECT 'renames', 'policy', luck, format('ALTER POLICY %s ON %s RENAME TO %I', quoted, name, polname || ' renamed') FROM policies
  UNION ALL SELECT 'renames', 'trigger', luck, format('ALTER TRIGGER %s ON %s RENAME TO %I', quoted, name, tgname || '_renamed') FROM triggers
  UNION ALL SELECT 'renames', 'function', luck, format('ALTER ROUTINE %s RENAME TO %I', name, proname || '_renamed') FROM functions WHERE NOT EXISTS (SELECT FROM functions f WHERE strpos(f.prosrc, functions.proname) > 0)
  UNION ALL SELECT 'renames', 'type', luck, format('ALTER TYPE %s RENAME TO %I', name, typname || '_renamed') FROM types WHERE NOT EXISTS (SELECT FROM functions f WHERE strpos(f.prosrc, typname) > 0)
), chosen AS (
  SELECT *, row_number() OVER (PARTITION BY kind, what ORDER BY md5(what || luck), statement) AS turn FROM likely
)
SELECT kind, statement FROM chosen WHERE turn <= 2 ORDER BY kind, turn, what
