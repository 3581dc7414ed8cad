-- One of everything that a database can hold and the comparison knows, with dependencies in every direction.
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA ext;
CREATE EXTENSION hstore SCHEMA ext;
CREATE SCHEMA sales;
COMMENT ON SCHEMA sales IS 'What is sold';
COMMENT ON SCHEMA public IS 'Ours';
GRANT USAGE ON SCHEMA sales TO everything_reader;
CREATE SCHEMA "Odd / Schema";

CREATE COLLATION sales.c_like (locale = 'C');
CREATE TYPE sales.state AS ENUM ('open', 'it''s paid', 'sent');
COMMENT ON TYPE sales.state IS 'How far it came';
CREATE DOMAIN sales.positive AS numeric(12, 2) DEFAULT 1 NOT NULL CONSTRAINT positive_check CHECK (VALUE > 0);
COMMENT ON DOMAIN sales.positive IS 'Money';
CREATE TYPE sales.address AS (street text, zip varchar(10));
CREATE TYPE sales.span AS RANGE (subtype = float8, subtype_diff = float8mi);

-- A function that a table needs, one that the function calls without PostgreSQL's knowing, and one for a domain.
CREATE FUNCTION public.zz_next_number() RETURNS bigint LANGUAGE sql AS $$ SELECT 41::bigint $$;
CREATE FUNCTION public.new_number() RETURNS bigint LANGUAGE sql AS $$ SELECT zz_next_number() + 1 $$;
CREATE FUNCTION public.is_code(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN value ~ '^[A-Z]+$'; END $$;
CREATE DOMAIN public.code AS text CHECK (public.is_code(VALUE));
CREATE FUNCTION public.folded(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(value) $$;

CREATE SEQUENCE sales.order_numbers START 1000 INCREMENT 5 CACHE 10;
CREATE TABLE public.users (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100) PRIMARY KEY,
    number bigint NOT NULL DEFAULT public.new_number(),
    email citext NOT NULL UNIQUE,
    code public.code,
    attributes ext.hstore,
    address sales.address,
    "mixed Case" int DEFAULT 7,
    tags text[] DEFAULT '{}' NOT NULL,
    folded text GENERATED ALWAYS AS (public.folded(code::text)) STORED,
    born date CHECK (born > '1900-01-01'),
    manager bigint REFERENCES public.users (id) ON DELETE SET NULL
);
COMMENT ON TABLE public.users IS 'User accounts; with a semicolon';
COMMENT ON COLUMN public.users.email IS 'It''s unique';
COMMENT ON CONSTRAINT users_pkey ON public.users IS 'the key';
GRANT SELECT ON public.users TO everything_reader;
GRANT UPDATE (born), SELECT ON public.users TO everything_writer;
CREATE TABLE sales.orders (
    id int DEFAULT nextval('sales.order_numbers') PRIMARY KEY,
    customer bigint NOT NULL REFERENCES public.users (id),
    state sales.state NOT NULL DEFAULT 'open',
    total sales.positive,
    valid sales.span,
    note text COLLATE sales.c_like,
    first_line int
);
CREATE TABLE sales.lines (
    id serial PRIMARY KEY,
    order_id int NOT NULL REFERENCES sales.orders ON DELETE CASCADE,
    position smallint NOT NULL,
    CONSTRAINT lines_position UNIQUE (order_id, position) DEFERRABLE INITIALLY DEFERRED
);
-- Twice the same, which one statement would not make.
ALTER TABLE sales.lines ADD CONSTRAINT lines_again UNIQUE (id), ADD CONSTRAINT lines_and_again UNIQUE (id);
-- A circle of foreign keys.
ALTER TABLE sales.orders ADD CONSTRAINT orders_first_line FOREIGN KEY (first_line) REFERENCES sales.lines (id) DEFERRABLE;
ALTER TABLE sales.orders ADD CONSTRAINT orders_total CHECK (total < 1000000) NOT VALID;
ALTER SEQUENCE sales.order_numbers OWNED BY sales.orders.id;

CREATE TABLE sales.rooms (room int, during tstzrange, EXCLUDE USING gist (during WITH &&));
CREATE TABLE sales.zz_base (id int PRIMARY KEY, made timestamptz DEFAULT now());
CREATE TABLE sales.aa_child (extra text) INHERITS (sales.zz_base);
CREATE UNLOGGED TABLE sales.cache (key text PRIMARY KEY, value jsonb, version bigserial) WITH (fillfactor = 70);

CREATE TABLE sales.events (at timestamptz NOT NULL, kind text NOT NULL, data jsonb, PRIMARY KEY (at, kind)) PARTITION BY RANGE (at);
CREATE TABLE sales.events_2025 PARTITION OF sales.events FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
CREATE TABLE sales.events_2026 PARTITION OF sales.events FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00') PARTITION BY LIST (kind);
CREATE TABLE sales.a_2026_clicks PARTITION OF sales.events_2026 FOR VALUES IN ('click');
CREATE TABLE sales.events_rest PARTITION OF sales.events DEFAULT;
CREATE INDEX events_data ON sales.events USING gin (data);
CREATE INDEX ON sales.events_2025 (kind) WHERE kind <> 'click';

CREATE INDEX users_folded ON public.users (public.folded(code::text)) INCLUDE (born);
COMMENT ON INDEX public.users_folded IS 'for searching';
CREATE UNIQUE INDEX orders_open ON sales.orders (customer, note DESC NULLS LAST) WHERE state = 'open';
CREATE UNIQUE INDEX lines_identity ON sales.lines (order_id, id);
ALTER TABLE sales.lines REPLICA IDENTITY USING INDEX lines_identity;
ALTER TABLE sales.orders CLUSTER ON orders_pkey;

-- Functions that need tables and views, views that need functions and views, a table that needs a view.
CREATE VIEW sales.z_open AS SELECT o.id, o.customer, u.email FROM sales.orders o JOIN public.users u ON u.id = o.customer WHERE o.state = 'open';
CREATE FUNCTION sales.open_of(customer bigint) RETURNS SETOF sales.z_open LANGUAGE sql STABLE AS $$ SELECT * FROM sales.z_open z WHERE z.customer = open_of.customer $$;
CREATE VIEW sales.a_counts AS SELECT u.id, (SELECT count(*) FROM sales.open_of(u.id)) AS open FROM public.users u;
COMMENT ON VIEW sales.a_counts IS 'counted';
COMMENT ON COLUMN sales.a_counts.open IS 'how many';
CREATE TABLE sales.snapshots (taken timestamptz, row sales.z_open);
CREATE VIEW sales.checked WITH (check_option = local, security_barrier = true) AS SELECT * FROM sales.z_open WHERE id > 0;
CREATE RECURSIVE VIEW sales.chain (id, depth) AS SELECT id, 0 FROM public.users WHERE manager IS NULL UNION ALL SELECT u.id, c.depth + 1 FROM public.users u JOIN chain c ON u.manager = c.id;
CREATE MATERIALIZED VIEW sales.totals AS SELECT customer, sum(total) AS total FROM sales.orders GROUP BY customer;
CREATE UNIQUE INDEX totals_customer ON sales.totals (customer);
CREATE MATERIALIZED VIEW sales.a_totals AS SELECT count(*) AS n, sum(public.new_number()) AS s FROM sales.totals WITH NO DATA;
CREATE FUNCTION sales.summary(VARIADIC ids int[] DEFAULT '{}') RETURNS TABLE (id int, total numeric) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sales, pg_temp BEGIN ATOMIC SELECT o.id, o.total FROM sales.orders o WHERE o.id = ANY (ids); END;
-- Two that call each other.
SET check_function_bodies = off;
CREATE FUNCTION public.is_even(n int) RETURNS boolean LANGUAGE sql AS $$ SELECT n = 0 OR public.is_odd(n - 1) $$;
CREATE FUNCTION public.is_odd(n int) RETURNS boolean LANGUAGE sql AS $$ SELECT n <> 0 AND public.is_even(n - 1) $$;
RESET check_function_bodies;
CREATE PROCEDURE sales.clean(INOUT done int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
    one sales.orders%ROWTYPE; -- with a "quote'
BEGIN
    DELETE FROM sales.cache;
    done := done + 1;
END $$;
COMMENT ON PROCEDURE sales.clean(int) IS 'cleans';
CREATE AGGREGATE sales.longest(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
REVOKE EXECUTE ON FUNCTION sales.summary(int[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sales.summary(int[]) TO everything_reader;

CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.born := now(); RETURN NEW; END $$;
CREATE TRIGGER users_touch BEFORE UPDATE OF email ON public.users FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION public.touch();
COMMENT ON TRIGGER users_touch ON public.users IS 'touches';
CREATE TRIGGER users_off AFTER DELETE ON public.users REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.touch();
ALTER TABLE public.users DISABLE TRIGGER users_off;
CREATE TRIGGER never AFTER INSERT ON sales.events FOR EACH ROW WHEN (NEW.kind IS NULL) EXECUTE FUNCTION public.touch();
ALTER TABLE sales.a_2026_clicks DISABLE TRIGGER never;
ALTER TABLE sales.events_2025 ENABLE ALWAYS TRIGGER never;
CREATE CONSTRAINT TRIGGER orders_late AFTER INSERT ON sales.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER events_touch BEFORE INSERT ON sales.events FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER open_instead INSTEAD OF INSERT ON sales.z_open FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE RULE cache_rule AS ON DELETE TO sales.cache WHERE OLD.key = 'keep' DO INSTEAD NOTHING;
COMMENT ON RULE cache_rule ON sales.cache IS 'keeps';

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.users FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.users AS RESTRICTIVE FOR SELECT TO everything_reader, everything_writer USING (id > 0 AND public.new_number() > 0);
CREATE POLICY all_rows ON public.users USING (true) WITH CHECK (email <> '');
COMMENT ON POLICY own_rows ON public.users IS 'only one''s own';

ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO everything_reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA sales TO everything_writer WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE sales.order_numbers TO everything_reader;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO everything_reader;
GRANT USAGE ON TYPE sales.state TO everything_reader;
REVOKE USAGE ON TYPE sales.address FROM PUBLIC;

CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing OPTIONS (host 'elsewhere');
CREATE USER MAPPING FOR everything_reader SERVER elsewhere OPTIONS (user 'x', password 'S3cret-Mapping');
CREATE FOREIGN TABLE sales.far (id int NOT NULL, name text OPTIONS (column_name 'n')) SERVER elsewhere OPTIONS (table_name 'far');
COMMENT ON FOREIGN TABLE sales.far IS 'far away';

CREATE TABLE "Odd / Schema"."Ta""ble; -- '' /* $$" ("Co""l" int PRIMARY KEY, "select" text, "ünïcödé 🍓" text);
COMMENT ON COLUMN "Odd / Schema"."Ta""ble; -- '' /* $$"."select" IS 'a;b';
CREATE TABLE public."Users" (id int);
CREATE TABLE public."USERS" (id int);
CREATE TABLE public."con" (id int);
CREATE TABLE public."../../etc" (id int);
CREATE TABLE public."1 first" (id int);
CREATE TABLE public."ünïcödé 🍓" (id int);
CREATE TABLE public.a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_g2 (id int);
CREATE VIEW public."Users View" AS SELECT * FROM public."Users";

-- What pg-delta does not read.
COMMENT ON COLUMN sales.address.zip IS 'with a letter';
GRANT SELECT (email) ON sales.z_open TO everything_reader;
GRANT SELECT (name) ON sales.far TO everything_reader WITH GRANT OPTION;
ALTER TABLE sales.events ALTER data SET STORAGE EXTERNAL;
ALTER TABLE sales.rooms ALTER room SET STATISTICS 500, ALTER room SET (n_distinct = 20);
ALTER TABLE sales.snapshots SET (toast.autovacuum_enabled = false);
CREATE STATISTICS sales.events_kinds (ndistinct) ON at, kind FROM sales.events;
CREATE TABLE sales.typed OF sales.address (PRIMARY KEY (street));
ALTER VIEW sales.z_open ALTER email SET DEFAULT 'nobody';
COMMENT ON COLUMN sales.totals.total IS 'in all';
CREATE TABLE sales.second_parent (more int);
ALTER TABLE sales.aa_child ADD more int;
ALTER TABLE sales.aa_child INHERIT sales.second_parent;

CREATE TEXT SEARCH DICTIONARY sales.plain (TEMPLATE = simple, stopwords = 'english');
COMMENT ON TEXT SEARCH DICTIONARY sales.plain IS 'it''s \ plain';
CREATE TEXT SEARCH CONFIGURATION sales.words (COPY = german);
ALTER TEXT SEARCH CONFIGURATION sales.words ALTER MAPPING FOR hword, word WITH sales.plain, german_stem;
CREATE TABLE sales.notes (body text, words tsvector GENERATED ALWAYS AS (to_tsvector('sales.words', body)) STORED);
CREATE FUNCTION sales.number_of(sales.state) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (sales.state AS int) WITH FUNCTION sales.number_of(sales.state) AS ASSIGNMENT;
CREATE FUNCTION sales.same(sales.state, sales.state) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR sales.=== (FUNCTION = sales.same, LEFTARG = sales.state, RIGHTARG = sales.state, COMMUTATOR = OPERATOR(sales.===), RESTRICT = eqsel);
COMMENT ON OPERATOR sales.=== (sales.state, sales.state) IS 'same';
CREATE VIEW sales.numbers AS SELECT state::int AS number, state OPERATOR(sales.===) 'open' AS open FROM sales.orders;
CREATE FUNCTION sales.back(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
CREATE OPERATOR CLASS sales.backwards FOR TYPE int USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 sales.back(int, int);
CREATE INDEX rooms_back ON sales.rooms (room sales.backwards);
CREATE TYPE sales.weight;
CREATE FUNCTION sales.weight_in(cstring) RETURNS sales.weight LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION sales.weight_out(sales.weight) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE sales.weight (INPUT = sales.weight_in, OUTPUT = sales.weight_out, LIKE = int);
CREATE TABLE sales.loads (id int, load sales.weight DEFAULT '5');
CREATE TABLE sales.third_parent (far int);
CREATE TABLE sales.a_child_of_two (own int) INHERITS (sales.zz_base, sales.third_parent);
CREATE AGGREGATE sales.joined(VARIADIC int[]) (SFUNC = array_cat, STYPE = int[]);
CREATE ACCESS METHOD heaps TYPE TABLE HANDLER heap_tableam_handler;
CREATE CONVERSION sales.western FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- What partitions and children have of their own.
ALTER TABLE sales.events_2025 ALTER data SET DEFAULT '{}', ALTER data SET NOT NULL;
ALTER TABLE sales.aa_child ALTER made DROP DEFAULT;
ALTER INDEX sales.a_2026_clicks_data_idx SET (fastupdate = off);
COMMENT ON INDEX sales.a_2026_clicks_data_idx IS 'written at once';
ALTER INDEX sales.events_2025_pkey SET (fillfactor = 100);
COMMENT ON INDEX sales.events_2025_pkey IS 'nothing comes in between any more';
COMMENT ON INDEX public.users_email_key IS 'for logging in';
COMMENT ON SEQUENCE public.users_id_seq IS 'numbers of users';

CREATE PUBLICATION orders_out FOR TABLE sales.orders, public.users, ONLY sales.zz_base WITH (publish = 'insert, update');
CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', tg_tag; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION public.on_ddl();
COMMENT ON EVENT TRIGGER watch IS 'watches';
COMMENT ON EXTENSION citext IS 'ours';
