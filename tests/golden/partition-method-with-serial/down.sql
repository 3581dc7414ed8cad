-- migrate:down

-- LOCK: reads and writes of public.p1, public.p wait until the migration is committed.
ALTER TABLE public.p
  DETACH PARTITION public.p1;

ALTER SEQUENCE public.p_id_seq OWNED BY NONE;

-- DATA LOSS: the rows of partitions that are not named here are gone.
DROP TABLE public.p;

CREATE TABLE public.p (
  id bigint  NOT NULL,
  a  integer NOT NULL
) PARTITION BY LIST (a);

ALTER TABLE public.p
  ALTER COLUMN id SET DEFAULT nextval('public.p_id_seq'::regclass);

ALTER SEQUENCE public.p_id_seq OWNED BY public.p.id;

-- ROWS: fails if one does not belong there.
-- SCAN: every row of public.p1 is read under the lock.
-- ONLINE: run it while nobody needs the table.
ALTER TABLE public.p
  ATTACH PARTITION public.p1 FOR VALUES IN (1);
