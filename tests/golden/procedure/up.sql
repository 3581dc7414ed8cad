-- migrate:up

CREATE OR REPLACE PROCEDURE public.p(IN a integer)
 LANGUAGE plpgsql
AS $procedure$ BEGIN RAISE NOTICE '%', a; END $procedure$;
