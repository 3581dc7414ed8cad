-- migrate:up

-- DATA LOSS: what it held is gone; rolling back does not undo that.
ALTER TYPE public.pair DROP ATTRIBUTE b CASCADE;

ALTER TYPE public.pair ALTER ATTRIBUTE a TYPE bigint CASCADE;

ALTER TYPE public.pair ADD ATTRIBUTE c text CASCADE;
