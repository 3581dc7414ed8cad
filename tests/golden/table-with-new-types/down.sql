-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.orders, public.lines wait until the migration is committed.
DROP TABLE public.lines;

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of public.users, public.orders wait until the migration is committed.
DROP TABLE public.orders;

DROP FUNCTION public.is_short(text);

DROP DOMAIN public.label;

DROP TYPE public.place;

DROP TYPE public.state;
