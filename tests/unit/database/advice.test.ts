import { expect, test } from "bun:test";
import { adviceFor, adviceForWord } from "#database/advice.ts";

const advice = (sql: string): string | undefined => {
  // PostgreSQL points at the word that it did not expect.
  const position = sql.indexOf("^") + 1;
  return adviceForWord(
    { severity: "ERROR", sqlstate: "42601", message: "syntax error", position },
    sql.replace("^", ""),
  );
};

test.each([
  ["CREATE TABLE ^order (id int)", "order"],
  ["CREATE TABLE IF NOT EXISTS ^User (id int)", "user"],
  ["CREATE TABLE shop.^order (id int)", "order"],
  ["CREATE TABLE a (id int, -- first\n  ^desc text)", "desc"],
  ["CREATE TABLE a (^end date)", "end"],
  ["ALTER TABLE a ADD COLUMN ^limit int", "limit"],
  ["INSERT INTO ^user VALUES (1)", "user"],
  ["CREATE INDEX i ON ^order (id)", "order"],
])("%s: a reserved word as a name is to be quoted", (sql, word) => {
  expect(advice(sql)).toContain(`double quotes, here and in every query: "${word}"`);
});

test.each(["SELECT a, ^FROM b", "SELECT a b c ^FROM d", "CREATE TABLE ^1x (id int)", "UPDATE a SET b = 1 ^AND c = 2"])(
  "%s: any other syntax error is left to PostgreSQL",
  (sql) => {
    expect(advice(sql)).toBeUndefined();
  },
);

test.each([
  ['could not open extension control file "/share/extension/a.control": No such file or directory', "extension"],
  ['could not access file "$libdir/a": No such file or directory', "extension"],
  ['could not open file "/a" for reading: No such file or directory', undefined],
])("a file that is missing on the server: %s", (message, word) => {
  const given = adviceFor({ severity: "ERROR", sqlstate: "58P01", message });
  if (word === undefined) expect(given).toBeUndefined();
  else expect(given).toContain(word);
});
