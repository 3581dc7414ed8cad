-- migrate:down

DROP TRANSFORM FOR integer LANGUAGE sql;
