-- migrate:down

-- ROWS: public.people.normed, public.people_norm keep what the function gave before: REINDEX an index, and write the rows anew for a column.
CREATE OR REPLACE FUNCTION public.norm(t text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT lower(t)$function$;
