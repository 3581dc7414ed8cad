CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
create view rich as
select id -- nobody's name
  from accounts
 where balance > 1000;
CREATE FUNCTION twice(balance int) RETURNS int LANGUAGE sql AS 'SELECT 2 * balance';
