CREATE TABLE login_attempts (
  email text NOT NULL,
  address inet NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
