import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { update } from "../../support/schema-update.ts";

// Several scratch databases each.
setDefaultTimeout(300_000);

const MOOD = "-- Moods, the best first.\nCREATE TYPE mood AS ENUM (\n  'ok', -- fine\n  'bad'\n);\n";
const AFTER =
  "-- Moods, the best first.\nCREATE TYPE mood AS ENUM (\n  'ok',\n  'great', -- fine\n  'it''s awful'\n);\n";
const CHANGE = "ALTER TYPE mood ADD VALUE 'great' AFTER 'ok';\nALTER TYPE mood RENAME VALUE 'bad' TO 'it''s awful';\n";

describe("values of an enum get another name where it is made, and wherever else the files have them", () => {
  test.each([
    ["alone", "", ""],
    [
      "in a default, a check, a view, rows and a function",
      `CREATE TABLE t (id int, m mood DEFAULT 'bad' CHECK (m <> 'bad'::mood OR id > 0), ms mood[]); -- kept
CREATE VIEW v AS SELECT id FROM t WHERE m = 'bad';
INSERT INTO t VALUES (1, 'bad', '{ok}'), (2, 'ok', NULL);
CREATE FUNCTION f() RETURNS mood LANGUAGE sql BEGIN ATOMIC SELECT 'bad'::mood; END;
COMMENT ON TABLE t IS 'bad';
`,
      `CREATE TABLE t (id int, m mood DEFAULT 'it''s awful' CHECK (m <> 'it''s awful'::mood OR id > 0), ms mood[]); -- kept
CREATE VIEW v AS SELECT id FROM t WHERE m = 'it''s awful';
INSERT INTO t VALUES (1, 'it''s awful', '{ok}'), (2, 'ok', NULL);
CREATE FUNCTION f() RETURNS mood LANGUAGE sql BEGIN ATOMIC SELECT 'it''s awful'::mood; END;
COMMENT ON TABLE t IS 'bad';
`,
    ],
    [
      "and not what only reads the same",
      "CREATE TABLE t (m mood DEFAULT 'bad');\nCREATE TABLE words (word text DEFAULT 'bad');\nINSERT INTO words VALUES ('bad');\n",
      "CREATE TABLE t (m mood DEFAULT 'it''s awful');\nCREATE TABLE words (word text DEFAULT 'bad');\nINSERT INTO words VALUES ('bad');\n",
    ],
  ])("%s", async (_, before, after) => {
    const result = await update({ "1.sql": MOOD, "2.sql": before }, CHANGE);
    expect(result.after).toEqual({ "1.sql": AFTER, ...(before === after ? {} : { "2.sql": after }) });
    expect(result.edits.map(({ how }) => how)).toEqual(["edited"]);
    expect(result.kept).toEqual([]);
  });

  test("files that have the new names already are left alone", async () => {
    const result = await update({ "1.sql": AFTER }, `${CHANGE}ALTER TABLE t ADD z int;`, `${MOOD}CREATE TABLE t ();`);
    expect(result.after["1.sql"]).toStartWith(AFTER);
  });
});
