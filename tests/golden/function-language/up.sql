-- migrate:up

-- ROWS: public.people.normed, public.people_norm keep what the function gave before: REINDEX an index, and write the rows anew for a column.
CREATE OR REPLACE FUNCTION public.norm(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lower(t); END';
