CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN good_mood AS mood DEFAULT 'ok' CHECK (VALUE <> 'sad');
CREATE TABLE t (a good_mood, b mood DEFAULT 'ok');
