-- migrate:up

-- ROWS: public.t.key, public.t_norm keep what the function gave before: REINDEX an index, and write the rows anew for a column.
CREATE OR REPLACE FUNCTION public.norm (value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(value)';

CREATE OR REPLACE FUNCTION public.other () RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';
