-- migrate:up

-- ROWS: it has none before REFRESH MATERIALIZED VIEW: its query fails in empty tables (division by zero).
CREATE MATERIALIZED VIEW public.m AS
 SELECT 1 / count(*) AS share
   FROM public.t
WITH NO DATA;
