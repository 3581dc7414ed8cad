-- migrate:up

-- SECRET: replace the placeholder with the real secret before running this.
CREATE FOREIGN DATA WRAPPER checked
  OPTIONS ("access code" '__OPTION_ACCESS CODE__');

CREATE SERVER near
  FOREIGN DATA WRAPPER checked;

-- SECRET: replace the placeholder with the real secret before running this.
-- SECURITY: everybody who may use the server sees there what this user may see.
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password '__OPTION_PASSWORD__', "user" 'clerk');

-- SECRET: replace the placeholder with the real secret before running this.
-- SECURITY: everybody who may use the server sees there what this user may see.
CREATE USER MAPPING FOR PUBLIC SERVER near OPTIONS (code '__OPTION_CODE__');

ALTER FOREIGN DATA WRAPPER checked
  VALIDATOR postgresql_fdw_validator;
