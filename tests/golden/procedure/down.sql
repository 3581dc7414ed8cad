-- migrate:down

DROP PROCEDURE public.p(integer);
