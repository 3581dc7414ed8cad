-- migrate:up

ALTER PUBLICATION pub DROP TABLE public.users;

ALTER PUBLICATION pub ADD TABLE public.users (id) WHERE (id > 10);
