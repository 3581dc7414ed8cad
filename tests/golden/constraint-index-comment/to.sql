CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text, n int);
COMMENT ON CONSTRAINT t_pkey ON t IS 'the key';
CREATE TABLE rooms (room int, during tstzrange, EXCLUDE USING gist (during WITH &&));
COMMENT ON INDEX rooms_during_excl IS 'one at a time';
COMMENT ON SEQUENCE t_id_seq IS 'numbers of one''s own';
