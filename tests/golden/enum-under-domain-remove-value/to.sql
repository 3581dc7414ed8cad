CREATE TYPE mood AS ENUM ('ok', 'happy');
CREATE DOMAIN good_mood AS mood DEFAULT 'ok' CHECK (VALUE <> 'happy');
CREATE TABLE t (a good_mood, b mood DEFAULT 'ok');
