-- migrate:up

ALTER SERVER far
  OPTIONS (
    SET host 'near',
    ADD port '1'
  );

-- LOCK: reads and writes of public.ft wait until the migration is committed.
ALTER TABLE public.ft
  ADD COLUMN b text;
