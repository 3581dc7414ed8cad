-- migrate:down

DROP USER MAPPING FOR PUBLIC SERVER "far";
