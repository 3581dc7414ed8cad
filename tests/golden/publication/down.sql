-- migrate:down

DROP PUBLICATION pub;
