-- migrate:up

CREATE CONVERSION public.western FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

COMMENT ON CONVERSION public.western IS 'From the old system';
