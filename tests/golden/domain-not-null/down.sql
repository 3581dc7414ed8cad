-- migrate:down

ALTER DOMAIN public.code
  DROP NOT NULL;

-- ROWS: fails if one has NULL here.
-- SCAN: every row of public.t is read under the lock.
-- ONLINE: run it while nobody needs the table.
-- LOCK: writes to public.t wait until the migration is committed.
ALTER DOMAIN public.size
  SET NOT NULL;
