CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, n int GENERATED ALWAYS AS IDENTITY);
COMMENT ON INDEX t_pkey IS 'for looking up';
COMMENT ON INDEX t_code_key IS 'it''s read from \ written to';
COMMENT ON SEQUENCE t_id_seq IS 'numbers';
COMMENT ON SEQUENCE t_n_seq IS 'more numbers';
