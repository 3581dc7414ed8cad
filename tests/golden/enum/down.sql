-- migrate:down

DROP TYPE public.mood;
