-- migrate:up backfill:public.users change:split_name batch:1000 pause:10ms
UPDATE users
   SET first_name = first_name_of(full_name), last_name = last_name_of(full_name)
 WHERE first_name IS NULL;

-- migrate:down
-- Nothing to undo: the columns go with 002.
