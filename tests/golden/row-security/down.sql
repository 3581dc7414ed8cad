-- migrate:down

-- LOCK: reads and writes of public.users wait until the migration is committed.
DROP POLICY "own" ON "public"."users";

ALTER TABLE "public"."users"
  NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."users"
  DISABLE ROW LEVEL SECURITY;
