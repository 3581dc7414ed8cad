import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { update } from "../../support/schema-update.ts";

// Several scratch databases each.
setDefaultTimeout(300_000);

const SWAP = "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b;";
const TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b int);\n";
const SWAPPED = "CREATE TABLE t (id int PRIMARY KEY, b int, a int);\n";

describe("two columns of the same type change places", () => {
  test.each([
    ["a view", "CREATE VIEW v AS SELECT a, b FROM t;\n", "CREATE VIEW v AS SELECT b AS a, a AS b FROM t;\n"],
    ["statistics", "CREATE STATISTICS st ON id, a FROM t;\n", "CREATE STATISTICS st ON id, b FROM t;\n"],
    [
      "a policy, a check and a key",
      "CREATE POLICY p ON t USING (a > b);\nALTER TABLE t ADD CONSTRAINT c CHECK (a < b), ADD CONSTRAINT u UNIQUE (a, b);\n",
      "CREATE POLICY p ON t USING (b > a);\nALTER TABLE t ADD CONSTRAINT c CHECK (b < a), ADD CONSTRAINT u UNIQUE (b, a);\n",
    ],
    [
      "an index",
      "CREATE INDEX i ON t (a) INCLUDE (id) WHERE a > 0;\n",
      "CREATE INDEX i ON t (b) INCLUDE (id) WHERE b > 0;\n",
    ],
    [
      "a rule",
      "CREATE VIEW v AS SELECT t.a, t.b FROM t;\nCREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t (id, a, b) VALUES (new.a, new.a, new.b);\n",
      "CREATE VIEW v AS SELECT t.b AS a, t.a AS b FROM t;\nCREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t (id, b, a) VALUES (new.a, new.a, new.b);\n",
    ],
    [
      "a trigger",
      "CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (new.a > old.b) EXECUTE FUNCTION suppress_redundant_updates_trigger();\n",
      "CREATE TRIGGER g BEFORE UPDATE OF b ON t FOR EACH ROW WHEN (new.b > old.a) EXECUTE FUNCTION suppress_redundant_updates_trigger();\n",
    ],
    [
      "a generated column",
      "ALTER TABLE t ADD g int GENERATED ALWAYS AS (a - 2 * b) STORED;\n",
      "ALTER TABLE t ADD g int GENERATED ALWAYS AS (b - 2 * a) STORED;\n",
    ],
    [
      "a foreign key",
      "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id);\n",
      "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES t (id);\n",
    ],
    ["a comment", "COMMENT ON COLUMN t.a IS 'the first';\n", "COMMENT ON COLUMN t.b IS 'the first';\n"],
    ["a grant", "GRANT SELECT (a) ON t TO pg_monitor;\n", "GRANT SELECT (b) ON t TO pg_monitor;\n"],
  ])("%s follows", async (_, before, after) => {
    const result = await update({ "1.sql": TABLE, "2.sql": before }, SWAP);
    expect(result.after).toEqual({ "1.sql": SWAPPED, "2.sql": after });
    expect(result.kept).toEqual([]);
    // In files that have it, it is not done again.
    const again = await update(
      { "1.sql": SWAPPED, "2.sql": after },
      `${SWAP} ALTER TABLE t ADD z int;`,
      `${TABLE}${before}`,
    );
    expect(again.after).toEqual({ "1.sql": SWAPPED.replace(");", ", z int);") });
  });
});

test("statistics have the same columns in whatever order these are in the table", async () => {
  const schema = { "1.sql": `${SWAPPED}CREATE STATISTICS st ON a, b, (a + b) FROM t;\n` };
  const { after } = await update(
    schema,
    "COMMENT ON TABLE t IS 'both'",
    schema["1.sql"].replace("b int, a int", "a int, b int"),
  );
  expect(after["1.sql"]).toStartWith(SWAPPED);
});

test("what a migration drops without naming it is known to be behind", async () => {
  const { after, kept } = await update(
    {
      "1.sql": "CREATE TABLE first (id int);\nCREATE TABLE own (n int);\n",
      "2.sql": "CREATE VIEW shown AS SELECT id FROM first;\n",
    },
    "DROP TABLE first CASCADE",
  );
  expect(kept).toEqual([]);
  expect(after).toEqual({ "1.sql": "CREATE TABLE own (n int);\n", "2.sql": undefined });
});

describe("a column is renamed where a name is its own", () => {
  const USERS =
    "CREATE TABLE users (id int PRIMARY KEY, name text);\nCREATE TABLE pets (id int PRIMARY KEY, name text, owner int);\n";
  const BODY =
    "CREATE FUNCTION g() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT u.name FROM users u, pets p WHERE u.id = p.owner AND p.name > 'a'; END;\n";
  test.each([
    [
      "beside another table with the same column",
      `${BODY}CREATE VIEW v AS SELECT p.name, u.name AS uname FROM pets p JOIN users u ON u.id = p.owner WHERE u.name <> 'name';\n`,
      `${BODY.replaceAll("u.name", "u.full_name").replace("full_name FROM", "full_name AS name FROM")}CREATE VIEW v AS SELECT p.name, u.full_name AS uname FROM pets p JOIN users u ON u.id = p.owner WHERE u.full_name <> 'name';\n`,
    ],
    [
      "in queries inside of queries",
      `CREATE VIEW v AS WITH few AS (SELECT name FROM users) SELECT few.name, (SELECT p.name FROM pets p WHERE p.name = s.name LIMIT 1) AS pet
  FROM few JOIN (SELECT DISTINCT name FROM users WHERE name > 'b') s ON s.name = few.name ORDER BY name;
CREATE VIEW w AS SELECT name FROM users UNION SELECT name FROM pets ORDER BY name;
CREATE VIEW x AS SELECT CASE WHEN id IS DISTINCT FROM 1 THEN 'one' ELSE name END FROM users;
CREATE VIEW y AS SELECT id name, count(*) AS n FROM users GROUP BY id, users.name ORDER BY users.name;
`,
      `CREATE VIEW v AS WITH few AS (SELECT full_name AS name FROM users) SELECT few.name, (SELECT p.name FROM pets p WHERE p.name = s.name LIMIT 1) AS pet
  FROM few JOIN (SELECT DISTINCT full_name AS name FROM users WHERE full_name > 'b') s ON s.name = few.name ORDER BY name;
CREATE VIEW w AS SELECT full_name AS name FROM users UNION SELECT name FROM pets ORDER BY name;
CREATE VIEW x AS SELECT CASE WHEN id IS DISTINCT FROM 1 THEN 'one' ELSE full_name END AS name FROM users;
CREATE VIEW y AS SELECT id name, count(*) AS n FROM users GROUP BY id, users.full_name ORDER BY users.full_name;
`,
    ],
    [
      "in bodies and rules that write",
      `CREATE FUNCTION g(n text) RETURNS text LANGUAGE sql BEGIN ATOMIC
  INSERT INTO pets (id, name) SELECT id, name FROM users ON CONFLICT (id) DO UPDATE SET name = excluded.name;
  UPDATE users SET name = p.name FROM pets p WHERE p.owner = users.id AND users.name = n;
  DELETE FROM users WHERE name = n RETURNING name;
END;
CREATE RULE r AS ON UPDATE TO users WHERE new.name <> old.name DO ALSO INSERT INTO pets (id, name) VALUES (new.id, new.name);
CREATE POLICY p ON pets USING (name IN (SELECT users.name FROM users));
`,
      `CREATE FUNCTION g(n text) RETURNS text LANGUAGE sql BEGIN ATOMIC
  INSERT INTO pets (id, name) SELECT id, full_name AS name FROM users ON CONFLICT (id) DO UPDATE SET name = excluded.name;
  UPDATE users SET full_name = p.name FROM pets p WHERE p.owner = users.id AND users.full_name = n;
  DELETE FROM users WHERE full_name = n RETURNING full_name AS name;
END;
CREATE RULE r AS ON UPDATE TO users WHERE new.full_name <> old.full_name DO ALSO INSERT INTO pets (id, name) VALUES (new.id, new.full_name);
CREATE POLICY p ON pets USING (name IN (SELECT users.full_name AS name FROM users));
`,
    ],
  ])("%s", async (_, before, after) => {
    const result = await update({ "1.sql": USERS, "2.sql": before }, "ALTER TABLE users RENAME name TO full_name");
    expect(result.after).toEqual({ "1.sql": USERS.replace("name", "full_name"), "2.sql": after });
    expect(new Set(result.edits.map(({ how }) => how))).toEqual(new Set(["renamed"]));
  });

  test("also where a function reads all columns", async () => {
    const { after, edits } = await update(
      {
        "1.sql": USERS,
        "2.sql": "CREATE VIEW v AS SELECT p.name, u.name AS uname FROM pets p JOIN users u ON u.id = p.owner;\n",
        "3.sql": "CREATE FUNCTION g() RETURNS SETOF users LANGUAGE sql BEGIN ATOMIC SELECT * FROM users; END;\n",
      },
      "ALTER TABLE users RENAME name TO full_name",
    );
    expect(after["1.sql"]).toBe(USERS.replace("name", "full_name"));
    expect(after["2.sql"]).toContain("SELECT p.name, u.full_name AS uname");
    expect(edits.map(({ how }) => how)).not.toContain("appended");
  });
});
