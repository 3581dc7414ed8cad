-- migrate:down

DROP SCHEMA app;
