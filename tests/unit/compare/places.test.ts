import { expect, test } from "bun:test";
import { findMaker } from "#compare/catalogue/places.ts";

const TEXT = `CREATE TABLE IF NOT EXISTS shop.users (id int PRIMARY KEY);
CREATE UNLOGGED TABLE shop."Orders" (user_id int REFERENCES shop.users, PRIMARY KEY (user_id));
CREATE VIEW buyers AS SELECT * FROM shop.users;
CREATE VIEW good_buyers AS SELECT * FROM buyers JOIN shop."Orders" USING (user_id);
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts DEFAULT;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS parts_id ON parts (id);
CREATE STATISTICS both ON id, name FROM shop.users;
CREATE FUNCTION size_of(shop.users) RETURNS int LANGUAGE sql RETURN 1;
CREATE TRIGGER sized BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION size_of();
CREATE SCHEMA shop;
`;

test.each([
  ["table", ["shop", "users"], 1],
  ["table", ["shop", "Orders"], 2],
  ["view", ["public", "buyers"], 3],
  ["table", ["public", "parts"], 5],
  ["table", ["public", "part"], 6],
  ["index", ["public", "parts_id"], 7],
  ["statistics object", ["public", "both"], 8],
  ["function", ["public", "size_of"], 9],
  ["trigger", ["public", "parts", "sized"], 10],
  ["schema", ["shop"], 11],
  ["column", ["shop", "Orders", "user_id"], 2],
] as const)("the maker of a %s %p is what is about it, not what only names it", (kind, path, line) => {
  expect(findMaker({ kind, path }, [{ file: "a.sql", text: TEXT }])).toEqual({ file: "a.sql", line });
});
