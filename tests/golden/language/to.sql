CREATE TABLE t (a int);
CREATE TRUSTED LANGUAGE plmine HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
REVOKE USAGE ON LANGUAGE plmine FROM PUBLIC;
CREATE FUNCTION one () RETURNS int LANGUAGE plmine AS 'BEGIN RETURN 1; END';
