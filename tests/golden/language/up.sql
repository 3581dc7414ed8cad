-- migrate:up

CREATE TRUSTED LANGUAGE plmine
  HANDLER plpgsql_call_handler
  INLINE plpgsql_inline_handler
  VALIDATOR plpgsql_validator;

CREATE OR REPLACE FUNCTION public.one () RETURNS int LANGUAGE plmine AS 'BEGIN RETURN 1; END';

REVOKE ALL ON LANGUAGE plmine FROM PUBLIC;
