import { expect, test } from "bun:test";
import { fillsOnly } from "#migrate/phases/fills-only.ts";
import { splitStatements } from "#sql/split.ts";

test("a column that an earlier part of the change has made is empty until it is filled", async () => {
  const fill = splitStatements("UPDATE t SET a = 1, b = 2 WHERE a IS NULL").statements;
  const made = (text: string) => splitStatements(text).statements;
  expect((await fillsOnly(fill, made("ALTER TABLE t ADD a int; ALTER TABLE t ADD b int"))).size).toBe(1);
  expect((await fillsOnly(fill, made("ALTER TABLE t ADD a int"))).size).toBe(0);
  expect((await fillsOnly(fill, made("ALTER TABLE t ADD b int; ALTER TABLE t RENAME c TO b"))).size).toBe(0);
});

test.each([
  ["UPDATE t SET a = 1 WHERE a IS NULL", true],
  ["UPDATE s.t AS x SET a = b, c = 2 WHERE x.a IS NULL AND x.c IS NULL AND id > 5", true],
  ["UPDATE t SET a = o.a FROM o WHERE o.id = t.id AND t.a IS NULL", true],
  ["ALTER TABLE t ADD COLUMN a int DEFAULT 0, ADD b int; UPDATE t SET a = 1, b = 2", true],
  ["UPDATE t SET a = 1", false],
  ["UPDATE t SET a = 1 WHERE b IS NULL", false],
  ["UPDATE t SET a = 1, b = 2 WHERE a IS NULL", false],
  ["UPDATE t SET a = 1 WHERE a IS NULL OR id = 1", false],
  ["UPDATE t SET a = 1 WHERE NOT (a IS NULL)", false],
  ["UPDATE t SET a = 1 WHERE a IS NOT NULL", false],
  ["UPDATE t SET a = o.a FROM o WHERE a IS NULL", false],
  ["UPDATE t SET a = o.a FROM o WHERE o.a IS NULL", false],
  ["UPDATE t SET a.f = 1 WHERE a IS NULL", false],
  ["UPDATE t SET a[1] = 1 WHERE a IS NULL", false],
  ["WITH gone AS (DELETE FROM o RETURNING *) UPDATE t SET a = 1 WHERE a IS NULL", false],
  ["UPDATE t SET a = 1; ALTER TABLE t ADD COLUMN a int", false],
  ["ALTER TABLE t ADD COLUMN IF NOT EXISTS a int; UPDATE t SET a = 1", false],
  ["ALTER TABLE t ADD a int; ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; UPDATE t SET a = 1", false],
  ["ALTER TABLE s.t ADD COLUMN a int; UPDATE t SET a = 1", false],
  ["ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = 1, b = 2", false],
  ["SET search_path = app; ALTER TABLE t ADD COLUMN a int; SET search_path = public; UPDATE t SET a = 1", false],
  ["ALTER TABLE t ADD COLUMN a int; SELECT set_config('search_path', 'public', false); UPDATE t SET a = 1", false],
  ["ALTER TABLE t ADD COLUMN a int; SET LOCAL ROLE app; UPDATE t SET a = 1", false],
  ["SET search_path = app; UPDATE t SET a = 1 WHERE a IS NULL", true],
])("an UPDATE that only fills what is empty loses nothing: %s", async (text, fills) => {
  expect((await fillsOnly(splitStatements(text).statements)).size > 0).toBe(fills);
});
