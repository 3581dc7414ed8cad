-- migrate:down

DROP EXTENSION citext;

DROP SCHEMA app;
