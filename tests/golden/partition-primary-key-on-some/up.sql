-- migrate:up

-- ROWS: fails if two share a key, or one has none.
-- LOCK: reads and writes of public.p wait until the migration is committed.
ALTER TABLE ONLY public.p
  ADD CONSTRAINT p_pkey PRIMARY KEY (a);

ALTER TABLE public.p
  REPLICA IDENTITY USING INDEX p_pkey;
