-- migrate:down

-- DATA LOSS: its rows are gone.
-- LOCK: reads and writes of app.people wait until the migration is committed.
DROP TABLE app.people;

DROP DOMAIN app.feeling;
