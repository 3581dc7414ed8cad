-- migrate:down

-- DATA LOSS: its next number is gone.
DROP SEQUENCE public.s;
