import { expect, test } from "bun:test";
import { findMaker, findPlace } from "#compare/catalogue/places.ts";

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

const BASE = `CREATE TABLE docs (id bigint, owner_id bigint, price numeric(10, 2) NOT NULL,
  title text);
CREATE TABLE other (id bigint);
GRANT SELECT ON docs TO app;
CREATE VIEW pub AS SELECT id FROM docs;
CREATE POLICY mine ON docs USING (id = 1);
`;
const NEXT = `-- The second.
DROP POLICY theirs ON docs;
CREATE POLICY mine ON docs USING (id = 2);
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE may_see(id);
REVOKE UPDATE ON docs FROM app;
CREATE OR REPLACE FUNCTION may_see(bigint) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER docs_audit BEFORE UPDATE OF id, title ON docs FOR EACH ROW EXECUTE FUNCTION audit();
ALTER TABLE docs ALTER owner_id SET NOT NULL, ALTER title TYPE varchar(9);
ALTER TABLE docs ADD FOREIGN KEY (owner_id) REFERENCES other (id), ADD CHECK (title <> '');
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE docs DISABLE TRIGGER docs_audit;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
CREATE POLICY mine ON other;
ALTER TABLE pub OWNER TO app;
COMMENT ON COLUMN docs.title IS 'Of docs, title';
CREATE INDEX docs_title ON docs (title, owner_id);
ALTER TABLE docs ALTER price DROP NOT NULL;
DELETE FROM docs WHERE title = owner_id::text;
ALTER SEQUENCE numbers MAXVALUE 3;
SELECT may_see(1), nextval('numbers') FROM pub, docs;
`;
const changed = (kind: string, path: readonly string[], ...properties: string[]) => ({
  kind,
  path,
  name: path.join("."),
  change: "changed" as const,
  properties: properties.map((property) => ({ property })),
});
const grants = (path: readonly string[], grantee: string) => ({
  ...changed("grants on table", path, "privileges"),
  name: `${path.join(".")} to ${grantee}`,
});

test.each([
  [grants(["public", "docs"], "app"), "next.sql", 5],
  [grants(["public", "docs"], "PUBLIC"), "next.sql", 14],
  [grants(["public", "third"], "reader"), "next.sql", 13],
  [changed("policy", ["public", "docs", "theirs"]), "next.sql", 2],
  [changed("policy", ["public", "docs", "mine"], "usingExpr"), "next.sql", 3],
  [changed("policy", ["public", "other", "mine"]), "next.sql", 15],
  [changed("view", ["public", "pub"], "def"), "next.sql", 4],
  [changed("view", ["public", "pub"], "owner"), "next.sql", 16],
  [changed("function", ["public", "may_see"]), "next.sql", 6],
  [{ ...changed("function", ["public", "audit"]), change: "dropped" as const }, "next.sql", 7],
  [changed("trigger", ["public", "docs", "docs_audit"], "def"), "next.sql", 12],
  [{ ...changed("trigger", ["public", "docs", "docs_audit"]), change: "added" as const }, "next.sql", 8],
  [changed("trigger", ["public", "docs", "docs_audit"], "enabled"), "next.sql", 12],
  [changed("column", ["public", "docs", "owner_id"], "notNull"), "next.sql", 9],
  [changed("column", ["public", "docs", "owner_id"], "type"), "next.sql", 9],
  [changed("column", ["public", "docs", "title"], "type"), "next.sql", 9],
  [changed("column", ["public", "docs", "price"], "notNull"), "next.sql", 19],
  [changed("column", ["public", "docs", "price"], "type"), "next.sql", 19],
  [{ ...changed("column", ["public", "docs", "id"]), change: "dropped" as const }, "base.sql", 1],
  [changed("default", ["public", "docs", "price"]), "next.sql", 19],
  [changed("constraint", ["public", "docs", "docs_owner_id_fkey"]), "next.sql", 10],
  [changed("table", ["public", "docs"], "rowSecurity"), "next.sql", 11],
  [{ ...changed("table", ["public", "docs"]), change: "dropped" as const }, "base.sql", 1],
  [changed("comment on column", ["public", "docs", "title"]), "next.sql", 17],
  [changed("index", ["public", "docs_title"]), "next.sql", 18],
  [changed("sequence", ["public", "numbers"], "max"), "next.sql", 21],
])("what has changed %j is at %s:%d", (change, file, line) => {
  const sources = [
    { file: "base.sql", text: BASE },
    { file: "next.sql", text: NEXT },
  ];
  expect(findPlace(change, sources)).toEqual({ file, line });
});
