-- migrate:up

CREATE VIEW public.v WITH (security_barrier=true) AS
 SELECT name
   FROM public.users;
