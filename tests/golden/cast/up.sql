-- migrate:up

DROP CAST (public.pair AS text);

CREATE CAST (public.pair AS character varying) WITH INOUT;

CREATE CAST (public.pair AS text) WITH FUNCTION public.as_text(public.pair) AS ASSIGNMENT;

COMMENT ON CAST (public.pair AS text) IS 'The first alone';
