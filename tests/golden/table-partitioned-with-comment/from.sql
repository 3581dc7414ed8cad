CREATE TABLE note (
  id bigint PRIMARY KEY,
  c0 date
) PARTITION BY RANGE (id);
COMMENT ON COLUMN note.c0 IS 'A date';
COMMENT ON CONSTRAINT note_pkey ON note IS 'Its key';
GRANT SELECT (c0) ON note TO PUBLIC;
