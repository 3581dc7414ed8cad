import { describe, expect, test } from "bun:test";
import { orderByNeeds } from "#build/dependency-order.ts";
import { needsOf } from "#build/needs.ts";
import { parseScript } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";

/** The order of files that are given by name, in the order of their names. */
function order(files: Readonly<Record<string, string>>): string[] {
  const sorted = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return orderByNeeds(sorted.map(([file, text]) => needsOf(file, [parseScript({ file, text })])));
}

describe("files by what they need", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["nothing: the order of paths stays", { a: "CREATE TABLE x ()", b: "CREATE TABLE y ()", c: "SELECT 1" }, "a b c"],
    [
      "a foreign key",
      { a: "CREATE TABLE orders (u int REFERENCES users)", b: "CREATE TABLE users (id int PRIMARY KEY)" },
      "b a",
    ],
    [
      "a type, whose word is also a column",
      { a: "CREATE TABLE t (status status)", b: "CREATE TYPE status AS ENUM ('t')" },
      "b a",
    ],
    [
      "a view on a view",
      { a: "CREATE VIEW a AS SELECT * FROM b", b: "CREATE VIEW b AS TABLE c", c: "CREATE TABLE c ()" },
      "c b a",
    ],
    ["a schema", { a: "CREATE TABLE app.t ()", z: "CREATE SCHEMA IF NOT EXISTS app" }, "z a"],
    [
      "names of other schemas",
      { a: "CREATE VIEW one.v AS SELECT FROM one.t", b: "CREATE TABLE two.t ()", c: "CREATE TABLE one.t ()" },
      "b c a",
    ],
    [
      "a function of a trigger",
      {
        a: "CREATE TABLE t (); CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()",
        b: "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO t DEFAULT VALUES; RETURN NEW; END$$",
      },
      "b a",
    ],
    [
      "the body of a SQL function",
      { a: "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$SELECT count(*) FROM t$$", b: "CREATE TABLE t ()" },
      "b a",
    ],
    ["a sequence in a default", { a: "CREATE TABLE t (id int DEFAULT nextval('s'))", b: "CREATE SEQUENCE s" }, "b a"],
    ["extensions come first", { a: "CREATE TABLE t (e citext)", b: "CREATE EXTENSION citext" }, "b a"],
    [
      "a key that is added elsewhere",
      {
        a: "ALTER TABLE o ADD FOREIGN KEY (x) REFERENCES u",
        b: "CREATE TABLE o (x int)",
        c: "CREATE TABLE u (id int)",
        d: "ALTER TABLE u ADD PRIMARY KEY (id)",
      },
      "b c d a",
    ],
    [
      "rows of a table that others refer to",
      {
        a: "INSERT INTO o VALUES (1)",
        b: "INSERT INTO u VALUES (1)",
        c: "CREATE TABLE o (u int REFERENCES u)",
        d: "CREATE TABLE u (id int PRIMARY KEY)",
      },
      "d b c a",
    ],
    ["odd names", { a: 'CREATE VIEW v AS SELECT FROM "Order Lines"', b: 'CREATE TABLE "Order Lines" ()' }, "b a"],
    [
      "a word that only looks like a need",
      { a: "CREATE TABLE a (b int)", b: "CREATE TABLE b (id int REFERENCES a)" },
      "a b",
    ],
    ["a file that needs itself", { a: "CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES t)" }, "a"],
  ])("%s", (_what, files, expected) => {
    expect(order(files).join(" ")).toBe(expected);
  });

  test("a circle is named with its files and lines, and nothing else", () => {
    const files = {
      "a.sql": "-- first\nCREATE TABLE a (\n  b int REFERENCES b\n)",
      "b.sql": "CREATE TABLE b (id int PRIMARY KEY, c int REFERENCES c)",
      "c.sql": "CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a)",
      "d.sql": "CREATE VIEW d AS SELECT * FROM a",
    };
    let error: unknown;
    try {
      order(files);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfitureError);
    const { code, data } = error as ConfitureError;
    expect(code).toBe("schema_circle");
    expect(data?.["reasons"]).toEqual([
      "a.sql:3 needs table b, which b.sql:1 creates",
      "b.sql:1 needs table c, which c.sql:1 creates",
      "c.sql:1 needs table a, which a.sql:2 creates",
    ]);
  });

  test("thousands of files, each needing the one after it", () => {
    const count = 3000;
    const names = Array.from({ length: count }, (_, index) => `f${String(index).padStart(5, "0")}`);
    const files = Object.fromEntries(
      names.map((name, index) => [name, `CREATE VIEW ${name} AS SELECT * FROM ${names[index + 1] ?? "pg_class"}`]),
    );
    expect(order(files)).toEqual(names.toReversed());
  });
});
