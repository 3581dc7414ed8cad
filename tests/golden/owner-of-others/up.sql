-- migrate:up

ALTER TEXT SEARCH CONFIGURATION public.words OWNER TO clerk;

ALTER TEXT SEARCH DICTIONARY public.plain OWNER TO CURRENT_USER;

ALTER CONVERSION public.western OWNER TO clerk;

ALTER LANGUAGE ours OWNER TO clerk;

COMMENT ON STATISTICS public.st IS 'they belong together';

ALTER STATISTICS public.st OWNER TO clerk;

ALTER TYPE public.weight OWNER TO clerk;
