-- migrate:down

ALTER PUBLICATION pub DROP TABLE public.users;

-- SECURITY: subscribers of pub get columns of public.users that they did not get before.
-- SECURITY: other rows of public.users go to subscribers of pub, maybe some that were kept back. Compare the two conditions.
ALTER PUBLICATION pub ADD TABLE public.users;
