CREATE TYPE weight;
CREATE FUNCTION weight_in (cstring) RETURNS weight LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION weight_out (weight) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE weight (INPUT = weight_in, OUTPUT = weight_out, LIKE = integer, CATEGORY = 'N');
CREATE FUNCTION a_heavier (weight, weight) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4gt';
CREATE TABLE t (a int, w weight DEFAULT '7');
