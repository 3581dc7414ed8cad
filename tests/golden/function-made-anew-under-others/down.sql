-- migrate:down

-- LOCK: reads and writes of public.loads wait until the migration is committed.
DROP RULE r ON public.loads;

-- LOCK: reads and writes of public.alike wait until the migration is committed.
DROP VIEW public.alike;

DROP OPERATOR public.=== (public.pair, public.pair);

-- LOCK: reads and writes of public.v wait until the migration is committed.
ALTER VIEW public.v ALTER COLUMN n DROP DEFAULT;

DROP ROUTINE public.total(integer);

DROP FUNCTION public.add(integer, integer);

DROP FUNCTION public.first(public.pair);

DROP FUNCTION public.same(public.pair, public.pair);

CREATE OR REPLACE FUNCTION public.add(x integer, y integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT $1 + $2 $function$;

CREATE OR REPLACE FUNCTION public.first(x public.pair)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT (x).a $function$;

CREATE OR REPLACE FUNCTION public.same(x public.pair, y public.pair)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT ($1).a = ($2).a $function$;

CREATE OPERATOR public.=== (FUNCTION = public.same, LEFTARG = public.pair, RIGHTARG = public.pair);

CREATE VIEW public.alike AS
 SELECT id
   FROM public.loads
  WHERE p OPERATOR(public.===) q;

CREATE RULE r AS
    ON INSERT TO public.loads
   WHERE new.p OPERATOR(public.===) new.q DO INSTEAD NOTHING;

CREATE AGGREGATE public.total (int) (SFUNC = public.add, STYPE = int);

ALTER VIEW public.v ALTER COLUMN n SET DEFAULT public.add(1, 2);
