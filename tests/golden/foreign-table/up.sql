-- migrate:up

CREATE FOREIGN DATA WRAPPER w;

CREATE SERVER far
  FOREIGN DATA WRAPPER w
  OPTIONS (host 'far');

-- SECURITY: everybody who may use the server sees there what this user may see.
CREATE USER MAPPING FOR PUBLIC SERVER far;

CREATE FOREIGN TABLE public.ft (
  id   integer NOT NULL,
  name text
) SERVER far OPTIONS (table_name 't');
