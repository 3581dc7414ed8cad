import { expect, test } from "bun:test";
import { dangersOf } from "#sql/effects/danger.ts";
import { splitStatements } from "#sql/split.ts";

const AGAIN = "values that it has given may come again";

test.each([
  ["SELECT setval('users_id_seq', 1)", `sets SEQUENCE users_id_seq to 1: ${AGAIN}`, "users_id_seq"],
  ["SELECT pg_catalog.setval('app.s'::regclass, 20, false)", `sets SEQUENCE app.s to 20: ${AGAIN}`, "app.s"],
  [
    "SELECT setval(pg_get_serial_sequence('users', 'id'), 1, false)",
    `sets the sequence of users.id to 1: ${AGAIN}`,
    "users",
  ],
  ["ALTER SEQUENCE app.s RESTART", `restarts SEQUENCE app.s: ${AGAIN}`, "app.S"],
  ["ALTER SEQUENCE IF EXISTS s RESTART WITH 7", `restarts SEQUENCE s at 7: ${AGAIN}`, "S"],
  [
    "ALTER TABLE t ALTER COLUMN id RESTART 3, ALTER a DROP DEFAULT",
    `restarts the identity of t.id at 3: ${AGAIN}`,
    "T",
  ],
  ["ALTER TABLE t ALTER id SET CYCLE", `lets the identity of t.id begin again at its end (CYCLE): ${AGAIN}`, "T"],
  ["ALTER SEQUENCE s MAXVALUE 99", "bounds SEQUENCE s (MAXVALUE 99): it fails where the sequence has gone beyond", "S"],
  ["ALTER SEQUENCE s MINVALUE -5", "bounds SEQUENCE s (MINVALUE -5): it fails where the sequence has gone beyond", "S"],
  ["ALTER SEQUENCE s AS smallint", "bounds SEQUENCE s by its type (smallint): it fails beyond", "S"],
  ["ALTER SEQUENCE s OWNED BY t.id", "lets SEQUENCE s be dropped with t.id from now on (OWNED BY)", "S"],
])("%s", (sql, what, relation) => {
  const [found, ...rest] = dangersOf(splitStatements(sql).statements[0]!);
  expect(found?.what).toBe(what);
  expect(found?.relation.toLowerCase()).toBe(relation.toLowerCase());
  expect(rest).toEqual([]);
});

test.each([
  "SELECT setval('users_id_seq', (SELECT max(id) FROM users))",
  "SELECT setval('s', max(id) + 1) FROM users",
  "SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users",
  "SELECT nextval('s')",
  "ALTER SEQUENCE s NO MAXVALUE NO CYCLE",
  "ALTER SEQUENCE s OWNED BY NONE",
  "ALTER SEQUENCE s CACHE 20",
  "ALTER SEQUENCE s RENAME TO restart_s",
  "ALTER TABLE t ALTER id SET DEFAULT 1, ADD CHECK (cycle > 0)",
  "ALTER TABLE t ALTER a TYPE int USING a::int",
])("%s puts nothing at risk", (sql) => {
  expect(dangersOf(splitStatements(sql).statements[0]!)).toEqual([]);
});
