import { expect, test } from "bun:test";
import { exposuresOf } from "#migrate/warnings/exposures.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { splitStatements } from "#sql/split.ts";

const SECURED = "ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY";

async function shown(sql: string): Promise<string | undefined> {
  const before = sql.startsWith("ALTER TABLE copy RENAME") ? "ALTER TABLE notes RENAME TO notes_old" : "SELECT 1";
  const made = sql.includes("TABLE copy A") ? "SELECT 1" : "CREATE TABLE copy (LIKE notes)";
  const { statements } = splitStatements(`${SECURED};\n${made};\n${before};\n${sql}`);
  return (await exposuresOf(statements, undefined)).get(statements[3]!)?.map(exposureWords).join("\n");
}

const LEAK = "CREATE FUNCTION app.leak(OUT a int, OUT b int) SECURITY DEFINER LANGUAGE sql AS 'SELECT 1, 2'";
const LEAKED = "what FUNCTION app.leak reads with its owner's rights to whoever may call it (SECURITY DEFINER)";

test.each([
  ["CREATE VIEW v AS SELECT * FROM notes", "rows of notes to whoever may read VIEW v, whatever its policies say"],
  [
    "CREATE OR REPLACE VIEW api.v (a) WITH (security_barrier) AS WITH x AS (SELECT 1) SELECT * FROM t, x JOIN app.notes n ON true",
    "rows of app.notes to whoever may read VIEW api.v, whatever its policies say",
  ],
  [
    'CREATE VIEW "V" WITH (security_invoker = off) AS SELECT (SELECT count(*) FROM ONLY notes)',
    'rows of notes to whoever may read VIEW "V", whatever its policies say',
  ],
  [
    "CREATE MATERIALIZED VIEW IF NOT EXISTS m AS TABLE notes",
    "rows of notes to whoever may read MATERIALIZED VIEW m, which has none of its policies",
  ],
  [
    "CREATE TABLE copy AS (SELECT * FROM notes)",
    "rows of notes to whoever may read TABLE copy, which has none of its policies",
  ],
  [
    "WITH n AS (SELECT 1) SELECT * INTO UNLOGGED TABLE copy FROM n, notes",
    "rows of notes to whoever may read TABLE copy, which has none of its policies",
  ],
  [
    "INSERT INTO copy SELECT * FROM notes;\nALTER TABLE other ENABLE ROW LEVEL SECURITY",
    "rows of notes to whoever may read TABLE copy, which has none of its policies",
  ],
  [
    "INSERT INTO copy (id) WITH n AS (TABLE app.notes) SELECT id FROM n",
    "rows of app.notes to whoever may read TABLE copy, which has none of its policies",
  ],
  [
    "CREATE TABLE copy AS EXECUTE read_notes;\nPREPARE read_notes AS SELECT * FROM app.notes",
    "rows of app.notes to whoever may read TABLE copy, which has none of its policies",
  ],
  [
    "CREATE TABLE copy AS EXECUTE elsewhere(1)",
    "rows of the tables of TABLE copy to whoever may read it, whatever their policies say",
  ],
  [
    "UPDATE copy SET body = n.body FROM notes n WHERE n.id = copy.id",
    "rows of notes to whoever may read TABLE copy, which has none of its policies",
  ],
  [
    'GRANT USAGE ON SCHEMA "Shut", made TO app, PUBLIC;\nCREATE SCHEMA IF NOT EXISTS made',
    'what PUBLIC has rights on in SCHEMA "Shut" to every role (GRANT USAGE TO PUBLIC)',
  ],
  ["ALTER TABLE copy RENAME TO notes", "rows of notes to whoever may read it, as the policies stay with notes_old"],
  [
    "ALTER VIEW v RESET (security_invoker)",
    "rows of the tables of VIEW v to whoever may read it, whatever their policies say",
  ],
  [
    "ALTER VIEW v SET (security_invoker = false)",
    "rows of the tables of VIEW v to whoever may read it, whatever their policies say",
  ],
  ["CREATE PUBLICATION p FOR TABLE others, TABLE notes (id)", "rows of others, notes to subscribers of PUBLICATION p"],
  [
    "ALTER PUBLICATION p ADD TABLES IN SCHEMA app, other",
    "every table of app, other, also those that are made later, to subscribers of PUBLICATION p (TABLES IN SCHEMA)",
  ],
  ["GRANT postgres TO web", "whatever ROLE postgres may see, whom no policy stops, to ROLE web (GRANT postgres)"],
  [`${LEAK};\nREVOKE ALL ON FUNCTION leak(int) FROM PUBLIC`, LEAKED],
  [`${LEAK};\nREVOKE ALL ON FUNCTION other, leak2() FROM PUBLIC`, LEAKED],
  [`${LEAK};\nREVOKE ALL ON FUNCTION leak FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION leak() TO PUBLIC`, LEAKED],
  [`${LEAK};\nREVOKE ALL ON FUNCTION app.leak FROM web`, LEAKED],
  [`${LEAK};\nREVOKE ALL ON FUNCTION public.leak FROM PUBLIC`, LEAKED],
  [`${LEAK};\nREVOKE GRANT OPTION FOR EXECUTE ON FUNCTION app.leak FROM PUBLIC`, LEAKED],
  [`${LEAK};\nREVOKE ALL ON ALL ROUTINES IN SCHEMA other FROM PUBLIC`, LEAKED],
  [`${LEAK};\nALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`, LEAKED],
  [
    LEAK.replace("SECURITY", "LEAKPROOF SECURITY"),
    `values that policies and security_barrier views keep back to FUNCTION app.leak, whoever calls it (LEAKPROOF)\n${LEAKED}`,
  ],
  ["GRANT app, postgres TO web", "whatever ROLE postgres may see, whom no policy stops, to ROLE web (GRANT postgres)"],
  ["ALTER GROUP postgres ADD USER web", "whatever ROLE postgres may see, whom no policy stops, to ROLE web (ADD USER)"],
  [
    "CREATE ROLE web LOGIN IN ROLE postgres",
    "whatever ROLE postgres may see, whom no policy stops, to ROLE web (IN ROLE postgres)",
  ],
  [
    "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT * FROM app.notes GRANT SELECT ON v TO PUBLIC",
    "v to every role (GRANT SELECT TO PUBLIC)\nrows of app.notes to whoever may read VIEW v, whatever its policies say",
  ],
  [
    "MERGE INTO copy USING notes n ON false WHEN NOT MATCHED THEN INSERT VALUES (n.body)",
    "rows of notes to whoever may read TABLE copy, which has none of its policies",
  ],
  ["GRANT SELECT ON notes TO PUBLIC", "notes to every role (GRANT SELECT TO PUBLIC)"],
])("%s", async (sql, what) => {
  expect(await shown(sql)).toBe(what);
});

test.each([
  `${LEAK};\nREVOKE ALL ON FUNCTION app.leak() FROM PUBLIC`,
  `${LEAK};\nREVOKE EXECUTE ON FUNCTION other(int), leak FROM PUBLIC CASCADE`,
  `${LEAK};\nREVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION leak() TO web`,
  "GRANT app TO web",
  "INSERT INTO copy SELECT * FROM others",
  "INSERT INTO archive SELECT * FROM notes",
  "MERGE INTO copy USING others ON false WHEN NOT MATCHED THEN INSERT VALUES (1)",
  "CREATE SCHEMA s AUTHORIZATION web CREATE TABLE t (a int)",
  "INSERT INTO copy VALUES ('SELECT * FROM notes')",
  "INSERT INTO copy SELECT * FROM notes;\nALTER TABLE copy RENAME TO n;\nALTER TABLE n ENABLE ROW LEVEL SECURITY",
  "CREATE TABLE copy AS TABLE notes;\nALTER TABLE copy ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE copy RENAME TO notes;\nALTER TABLE notes ENABLE ROW LEVEL SECURITY",
  "ALTER PUBLICATION p DROP TABLE notes",
  "CREATE VIEW v WITH (security_invoker) AS SELECT * FROM notes",
  "CREATE VIEW v WITH (security_invoker = 'on') AS SELECT * FROM notes",
  "CREATE VIEW v AS SELECT * FROM other.notes",
  "CREATE VIEW notes AS SELECT notes, a FROM t WHERE notes IN ('FROM notes')",
  "CREATE TEMP VIEW v AS SELECT * FROM notes",
  "SELECT * INTO TEMP copy FROM notes",
  "SELECT 1 FROM notes WHERE a = (SELECT 'INTO copy')",
  "CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED, FOREIGN KEY (a) REFERENCES notes)",
  "ALTER VIEW v SET (security_invoker = true)",
  "ALTER VIEW v RENAME TO security_invoker",
])("%s exposes nothing", async (sql) => {
  expect(await shown(sql)).toBeUndefined();
});

test("what views with security_invoker and temporary tables pass on is copied past the policies of their tables", async () => {
  const { statements } = splitStatements(`${SECURED};
CREATE VIEW own WITH (security_invoker) AS SELECT * FROM app.notes;
CREATE TEMP TABLE some AS SELECT * FROM own;
CREATE MATERIALIZED VIEW m AS SELECT * FROM own;
CREATE TABLE others AS SELECT * FROM some;
CREATE VIEW all_notes AS SELECT * FROM own;
CREATE VIEW owner_too WITH (security_invoker) AS SELECT * FROM own;
CREATE TABLE none AS SELECT * FROM strangers;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
${LEAK}`);
  const exposures = await exposuresOf(statements, undefined);
  expect([...exposures].map(([statement, [one]]) => `${statements.indexOf(statement)} ${exposureWords(one!)}`)).toEqual(
    [
      "3 rows of own to whoever may read MATERIALIZED VIEW m, which has none of its policies",
      "4 rows of some to whoever may read TABLE others, which has none of its policies",
      "5 rows of own to whoever may read VIEW all_notes, whatever its policies say",
    ],
  );
});
