-- migrate:up

ALTER STATISTICS public.t_ab SET STATISTICS 500;

CREATE STATISTICS public.t_abc ON a, b, c FROM public.t;

COMMENT ON STATISTICS public.t_abc IS 'They go together';
