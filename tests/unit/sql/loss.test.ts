import { describe, expect, test } from "bun:test";
import { lossOf } from "#sql/effects/loss.ts";
import { splitStatements } from "#sql/split.ts";

function loss(sql: string): string | undefined {
  const { statements } = splitStatements(sql);
  expect(statements).toHaveLength(1);
  return lossOf(statements[0]!);
}

describe("statements that take something away", () => {
  test.each([
    ["DROP TABLE users", "drops TABLE users"],
    ['drop table if exists app.users, "Odd Name" cascade', 'drops TABLE IF EXISTS app.users, "Odd Name" CASCADE'],
    ["DROP INDEX CONCURRENTLY users_email", "drops INDEX CONCURRENTLY users_email"],
    ["DROP FUNCTION area(int, text)", "drops FUNCTION area (int, TEXT)"],
    ["DROP OWNED BY app", "drops OWNED BY app"],
    ["/* quietly */ DROP -- really\n SCHEMA s", "drops SCHEMA s"],
    ["ALTER TABLE users DROP COLUMN bio", "drops COLUMN bio of TABLE users"],
    ["ALTER TABLE ONLY app.users ADD a int, DROP bio CASCADE", "drops bio CASCADE of TABLE ONLY app.users"],
    ["ALTER TABLE users DROP CONSTRAINT users_key", "drops CONSTRAINT users_key of TABLE users"],
    ["ALTER TABLE users ALTER COLUMN id DROP IDENTITY IF EXISTS", "drops IDENTITY IF EXISTS of TABLE users"],
    [
      "ALTER TABLE users ALTER age TYPE bigint, DROP COLUMN bio, ADD a int, DROP COLUMN nick",
      "drops COLUMN bio and COLUMN nick of TABLE users",
    ],
    ["ALTER TYPE address DROP ATTRIBUTE zip", "drops ATTRIBUTE zip of TYPE address"],
    ["ALTER DOMAIN email DROP CONSTRAINT valid", "drops CONSTRAINT valid of DOMAIN email"],
    ["ALTER TABLE users ALTER COLUMN price TYPE int", "converts values of TABLE users"],
    ["ALTER TABLE users ALTER price SET DATA TYPE numeric(4, 1)", "converts values of TABLE users"],
    ["ALTER TABLE users ALTER COLUMN a TYPE text USING left(a, 3)", "converts values of TABLE users"],
    [
      "ALTER TABLE visits DETACH PARTITION app.visits_2024",
      "takes PARTITION app.visits_2024 with its rows out of TABLE visits",
    ],
    [
      "ALTER TABLE visits DETACH PARTITION visits_2024 CONCURRENTLY",
      "takes PARTITION visits_2024 with its rows out of TABLE visits",
    ],
    ["ALTER TABLE child NO INHERIT parent", "takes the rows of TABLE child out of parent"],
    ["ALTER TABLE child ADD a int, NO INHERIT parent", "takes the rows of TABLE child out of parent"],
    ["ALTER TABLE users SET UNLOGGED", "lets a crash of the server empty TABLE users (SET UNLOGGED)"],
    ["CREATE OR REPLACE RULE r AS ON INSERT TO app.t DO INSTEAD NOTHING", "lets INSERT on app.t do nothing (RULE r)"],
    ["CREATE RULE r AS ON INSERT TO t DO INSTEAD SELECT 1", "lets INSERT on t write nothing (RULE r)"],
    [
      "CREATE RULE r AS ON DELETE TO t WHERE a DO INSTEAD (SELECT 1; NOTIFY x)",
      "lets DELETE on t write nothing (RULE r)",
    ],
    ["CREATE RULE r AS ON INSERT TO t DO INSTEAD DELETE FROM app.u", "lets INSERT on t delete rows of app.u (RULE r)"],
    ["CREATE RULE r AS ON UPDATE TO t DO ALSO (NOTIFY x; DELETE FROM u)", "lets UPDATE on t delete rows of u (RULE r)"],
    ["CREATE RULE r AS ON DELETE TO t DO ALSO DELETE FROM u", "lets DELETE on t delete rows of u (RULE r)"],
    ["CREATE RULE r AS ON INSERT TO t DO ALSO UPDATE u SET a = 1", "lets INSERT on t change rows of u (RULE r)"],
    ["REFRESH MATERIALIZED VIEW app.v WITH NO DATA", "empties MATERIALIZED VIEW app.v"],
    ["SELECT lo_put(7, 0, 'a')", "changes or deletes large objects (lo_put)"],
    ["SELECT lo_unlink(data) FROM images", "changes or deletes large objects (lo_unlink)"],
    ["TRUNCATE users", "deletes all rows of users"],
    ["TRUNCATE TABLE ONLY users, orders RESTART IDENTITY", "deletes all rows of ONLY users, orders restart IDENTITY"],
    ["DELETE FROM app.users WHERE id = 1", "deletes rows of app.users"],
    ["DELETE FROM ONLY users", "deletes rows of users"],
    ["UPDATE users SET a = 1", "updates rows of users"],
    ['UPDATE "Users" SET a = 1', 'updates rows of "Users"'],
    ["WITH old AS (SELECT 1) DELETE FROM users USING old", "deletes rows of users"],
    ["WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone", "deletes rows of users"],
    [
      "WITH gone AS NOT MATERIALIZED (UPDATE users SET a = 1 RETURNING *) INSERT INTO log TABLE gone",
      "updates rows of users",
    ],
    ["INSERT INTO log WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone", "deletes rows of users"],
    ["CREATE TABLE kept AS WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone", "deletes rows of users"],
    ["COPY (DELETE FROM users RETURNING *) TO STDOUT", "deletes rows of users"],
    ["PREPARE p AS DELETE FROM users", "deletes rows of users"],
    ["EXPLAIN ANALYZE DELETE FROM users", "deletes rows of users"],
    ["EXPLAIN (ANALYZE, BUFFERS) UPDATE users SET a = 1", "updates rows of users"],
    ["INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1", "updates rows that are there already"],
    ["MERGE INTO users USING new ON true WHEN MATCHED THEN DELETE", "updates or deletes rows of users"],
    ["DO $$ BEGIN DROP TABLE users; END $$", "DO runs code, and what that does is not known"],
    ["CALL clear()", "CALL runs code, and what that does is not known"],
  ])("%s", (sql, expected) => {
    expect(loss(sql)).toBe(expected);
  });
});

describe("statements that take nothing away", () => {
  test.each([
    "CREATE TABLE users (id int REFERENCES others ON DELETE CASCADE ON UPDATE SET NULL)",
    "CREATE INDEX i ON users (a)",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; UPDATE users SET a = 1; END",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'DROP TABLE users'",
    "CREATE TRIGGER t BEFORE UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE RULE r AS ON DELETE TO users DO INSTEAD (UPDATE users SET a = 1)",
    "CREATE RULE r AS ON INSERT TO users WHERE a > 1 DO ALSO NOTHING",
    "REFRESH MATERIALIZED VIEW v WITH DATA",
    "CREATE RULE _RETURN AS ON SELECT TO v DO INSTEAD SELECT 1",
    "CREATE TABLE rule (nothing int, update int)",
    "CREATE POLICY p ON users FOR DELETE USING (true)",
    "GRANT DELETE, UPDATE, TRUNCATE ON users TO app",
    "REVOKE DELETE ON users FROM app",
    "ALTER TABLE users ADD COLUMN bio text",
    "ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES b ON DELETE CASCADE",
    "ALTER TABLE users ALTER bio DROP NOT NULL, ALTER bio DROP DEFAULT",
    "ALTER TABLE users RENAME COLUMN a TO b",
    "ALTER TABLE users ALTER COLUMN a TYPE text",
    "ALTER TABLE users OWNER TO app",
    "ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
    "ALTER SEQUENCE s NO CYCLE",
    "ALTER TYPE mood ADD VALUE 'fine'",
    "ALTER FOREIGN TABLE f OPTIONS (DROP a)",
    "ALTER PUBLICATION p DROP TABLE users",
    "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NO INHERIT",
    "ALTER TABLE users ALTER CONSTRAINT users_a_not_null NO INHERIT, ADD b int",
    "INSERT INTO users VALUES (1) ON CONFLICT DO NOTHING",
    "INSERT INTO users SELECT * FROM old FOR UPDATE",
    "SELECT * FROM users FOR NO KEY UPDATE",
    "SELECT count(update) FROM users",
    "SELECT 'DELETE FROM users', $$UPDATE users SET a = 1$$",
    "EXPLAIN DELETE FROM users",
    "MERGE INTO users USING new ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
    "COMMENT ON TABLE users IS 'DROP TABLE users'",
    "VACUUM users",
    "SET search_path = app",
  ])("%s", (sql) => {
    expect(loss(sql)).toBeUndefined();
  });
});
