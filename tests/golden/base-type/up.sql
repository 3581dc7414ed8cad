-- migrate:up

CREATE TYPE public.weight;

CREATE OR REPLACE FUNCTION public.weight_in (cstring) RETURNS public.weight LANGUAGE internal IMMUTABLE STRICT AS 'int4in';

CREATE OR REPLACE FUNCTION public.weight_out(public.weight)
 RETURNS cstring
 LANGUAGE internal
 IMMUTABLE STRICT
AS $function$int4out$function$;

CREATE TYPE public.weight
  (INPUT = public.weight_in, OUTPUT = public.weight_out, INTERNALLENGTH = 4, PASSEDBYVALUE,
  ALIGNMENT = int4, STORAGE = plain, CATEGORY = 'N');

-- LOCK: reads and writes of public.t wait until the migration is committed.
ALTER TABLE public.t
  ADD COLUMN w public.weight DEFAULT '7'::public.weight;

CREATE OR REPLACE FUNCTION public.a_heavier (public.weight, public.weight) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
