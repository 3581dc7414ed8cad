-- migrate:up change:split_name transaction:false

ALTER TABLE public.users
  VALIDATE CONSTRAINT first_name_last_name_agrees;

ALTER TABLE public.users
  VALIDATE CONSTRAINT first_name_has_no_null;

-- migrate:down

ALTER TABLE public.users
  DROP CONSTRAINT first_name_last_name_agrees;

ALTER TABLE public.users
  ADD CONSTRAINT first_name_last_name_agrees CHECK (full_name IS
    NOT DISTINCT FROM (first_name || coalesce(' ' || last_name, ''))) NOT VALID;

ALTER TABLE public.users
  DROP CONSTRAINT first_name_has_no_null;

ALTER TABLE public.users
  ADD CONSTRAINT first_name_has_no_null CHECK (first_name IS NOT NULL) NOT VALID;
