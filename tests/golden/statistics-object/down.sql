-- migrate:down

DROP STATISTICS public.t_abc;

ALTER STATISTICS public.t_ab SET STATISTICS -1;
