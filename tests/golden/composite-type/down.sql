-- migrate:down

DROP TYPE public.point3;
