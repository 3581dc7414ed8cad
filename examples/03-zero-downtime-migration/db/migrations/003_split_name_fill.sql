-- migrate:up backfill:public.users change:split_name

UPDATE public.users
   SET first_name = split_part(full_name, ' ', 1),
       last_name = CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END
 WHERE first_name IS NULL;

-- migrate:down

-- Nothing to undo.
SELECT 1;
