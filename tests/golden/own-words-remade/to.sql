CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
create view rich as
select id -- nobody's name
  from accounts
 where balance > 1000;

-- The last statement of a name is the one that counts, in the words that it has.
CREATE FUNCTION twice(balance int) RETURNS int LANGUAGE sql AS 'SELECT 2 * balance';
CREATE FUNCTION twice(balance bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 3 * balance';
CREATE OR REPLACE FUNCTION twice(balance bigint) RETURNS bigint
LANGUAGE sql
RETURN 2 * balance; -- two times
ALTER FUNCTION twice(bigint) STABLE;
