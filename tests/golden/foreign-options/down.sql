-- migrate:down

-- LOCK: reads and writes of public.ft wait until the migration is committed.
ALTER TABLE public.ft
  DROP COLUMN b;

ALTER SERVER far
  OPTIONS (
    SET host 'far',
    DROP port
  );
