-- migrate:up

-- SECRET: what is not read has a placeholder here. Write it in before this runs.
CREATE USER MAPPING FOR PUBLIC SERVER "far"
  OPTIONS ("password" '__OPTION_PASSWORD__', "user" 'clerk');
