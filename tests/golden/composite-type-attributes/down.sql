-- migrate:down

-- DATA LOSS: what it held is gone.
ALTER TYPE public.pair DROP ATTRIBUTE c CASCADE;

ALTER TYPE public.pair ALTER ATTRIBUTE a TYPE integer CASCADE;

ALTER TYPE public.pair ADD ATTRIBUTE b text CASCADE;
