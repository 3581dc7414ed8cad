-- migrate:up

CREATE OR REPLACE PROCEDURE public.p(a int) LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', a; END $$;
