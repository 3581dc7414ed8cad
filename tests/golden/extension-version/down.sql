-- migrate:down

DROP EXTENSION hstore;
CREATE EXTENSION hstore SCHEMA app VERSION '1.7';
