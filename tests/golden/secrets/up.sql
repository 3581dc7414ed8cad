-- migrate:up

-- SECRET: replace the placeholder with the real secret before running this.
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password '__OPTION_PASSWORD__', "user" 'clerk');
