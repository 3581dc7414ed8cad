-- migrate:down

DROP CAST (public.pair AS character varying);

DROP CAST (public.pair AS text);

CREATE CAST (public.pair AS text) WITH FUNCTION public.as_text(public.pair);
