import { describe, expect, test } from "bun:test";
import { redirectDatabase } from "#sql/database-name.ts";

describe("a statement about a database is about the one that is named", () => {
  test.each([
    ["alter database app set work_mem = '1MB'", `alter database "x" set work_mem = '1MB'`],
    ['ALTER /* this */ DATABASE "My App" OWNER TO me', 'ALTER /* this */ DATABASE "x" OWNER TO me'],
    ["SELECT 1; COMMENT ON DATABASE app IS 'database app'", `SELECT 1; COMMENT ON DATABASE "x" IS 'database app'`],
    ["GRANT CONNECT, TEMP ON DATABASE a, b TO me, you", 'GRANT CONNECT, TEMP ON DATABASE "x", "x" TO me, you'],
    ["REVOKE ALL ON DATABASE app FROM PUBLIC;", 'REVOKE ALL ON DATABASE "x" FROM PUBLIC;'],
    ["ALTER ROLE me IN DATABASE app SET search_path = s", 'ALTER ROLE me IN DATABASE "x" SET search_path = s'],
    ["SECURITY LABEL FOR p ON DATABASE app IS NULL", 'SECURITY LABEL FOR p ON DATABASE "x" IS NULL'],
    ["REINDEX DATABASE app", 'REINDEX DATABASE "x"'],
    ["REINDEX (VERBOSE) DATABASE CONCURRENTLY app; SELECT 1", 'REINDEX (VERBOSE) DATABASE CONCURRENTLY "x"; SELECT 1'],
    ["reindex system app", 'reindex system "x"'],
  ])("%s", (sql, redirected) => {
    expect(redirectDatabase(sql, "x")?.sql).toBe(redirected);
  });

  test.each([
    "CREATE DATABASE app",
    "DROP DATABASE app",
    "ALTER DATABASE app RENAME TO other",
    "ALTER DATABASE app SET TABLESPACE fast",
    "SELECT 'ALTER DATABASE app SET work_mem = 1'",
    "CREATE TABLE database (database text); COMMENT ON COLUMN database.database IS 'on database app'",
    "REINDEX DATABASE",
    "REINDEX TABLE database",
    "DO $$ BEGIN ALTER DATABASE app RESET ALL; END $$",
  ])("others stay: %s", (sql) => {
    expect(redirectDatabase(sql, "x")).toBeUndefined();
  });

  test("positions that PostgreSQL reports are those of the original", () => {
    const sql = "/* 😀 */ COMMENT ON DATABASE 😀a IS 'b'; SELECT nope";
    const { sql: redirected, before } = redirectDatabase(sql, "a_longer_name")!;
    const at = (text: string, word: string): number => Array.from(text.slice(0, text.indexOf(word))).length + 1;
    for (const word of ["COMMENT", "IS", "nope"]) expect(before(at(redirected, word))).toBe(at(sql, word));
  });
});
