import { describe, expect, test } from "bun:test";
import { splitStatements } from "#sql/split.ts";

const texts = (sql: string): string[] => splitStatements(sql).statements.map((statement) => statement.text);

describe("where statements end", () => {
  test("at semicolons; the statement is from its first token to its last", () => {
    const sql = "  -- first\n SELECT 1 /* a */ ; -- b\nSELECT\n2;";
    const { statements } = splitStatements(sql);
    expect(statements.map(({ start, end, terminated }) => [start, end, terminated])).toEqual([
      [12, 20, true],
      [36, 44, true],
    ]);
    expect(texts(sql)).toEqual(["SELECT 1", "SELECT\n2"]);
  });

  test("the last one may lack its semicolon", () => {
    const { statements, unterminated } = splitStatements("SELECT 1;\nSELECT 2 -- end");
    expect(statements.map((statement) => [statement.text, statement.terminated])).toEqual([
      ["SELECT 1", true],
      ["SELECT 2", false],
    ]);
    expect(unterminated).toBeUndefined();
  });

  test.each(["", "\ufeff", " \r\n\t", "-- nothing", "/* nothing; */", ";", ";;\n; -- x\n;"])("%j holds none", (sql) => {
    expect(splitStatements(sql)).toEqual({ text: sql, statements: [], psqlCommands: [], comments: [] });
  });

  test("a byte order mark belongs to no statement", () => {
    expect(splitStatements("\ufeffSELECT 1;").statements[0]).toMatchObject({ start: 1, end: 9 });
  });

  test("CRLF", () => {
    expect(texts("SELECT 1;\r\n-- a;\r\nSELECT\r\n 2;\r\n")).toEqual(["SELECT 1", "SELECT\r\n 2"]);
  });

  test.each([
    "SELECT ';' || E'\\';' || $$;$$ || $a$;$$;$a$",
    'SELECT 1 AS ";" /* ; */ -- ;\n, 2',
    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)",
    "SELECT '$$', 'x;y', '$$'",
    "DO $do$ BEGIN EXECUTE $sql$SELECT ';'; $sql$; END $do$",
    "COMMENT ON TABLE t IS 'a; -- b\n/* c'",
  ])("not inside %j", (sql) => {
    expect(texts(`${sql};SELECT 2`)).toEqual([sql, "SELECT 2"]);
  });

  test("a closing parenthesis too many does no harm", () => {
    expect(texts("SELECT 1);SELECT (2);")).toEqual(["SELECT 1)", "SELECT (2)"]);
  });

  test("only the part asked for is read, with offsets of the whole", () => {
    const sql = "SELECT 1; SELECT 2; SELECT 3;";
    const { statements } = splitStatements(sql, 9, 19);
    expect(statements.map(({ start, end, terminated }) => [start, end, terminated])).toEqual([[10, 18, true]]);
  });
});

describe("SQL-standard function bodies", () => {
  test.each([
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "create or replace procedure p(a int) begin atomic insert into t values (a); end",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END",
    "CREATE FUNCTION f() RETURNS int BEGIN /* ; */ ATOMIC ; SELECT 1; END",
    "CREATE FUNCTION f(x int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN x > 0 THEN CASE x WHEN 1 THEN 1 END END; END",
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT begin, t.end, 1 AS end, "end" FROM t; SELECT (SELECT 1); END',
    "CREATE FUNCTION f() RETURNS int COST 1 BEGIN ATOMIC CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END; END",
  ])("%s", (sql) => {
    expect(texts(`${sql};\nSELECT 2;`)).toEqual([sql, "SELECT 2"]);
  });

  test.each([
    "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE TABLE function (begin int, atomic int)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$",
    "CREATE FUNCTION f(begin atomic) RETURNS int AS 'x'",
    "SELECT begin atomic FROM t",
    "BEGIN",
  ])("none in %s", (sql) => {
    expect(texts(`${sql};SELECT 2`)).toEqual([sql, "SELECT 2"]);
  });

  test("one that is not closed takes the rest of the text", () => {
    const sql = "SELECT 0; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2;";
    expect(splitStatements(sql).statements).toHaveLength(2);
    expect(splitStatements(sql).unterminated).toEqual({ what: "BEGIN ATOMIC body", start: 10 });
  });
});

describe("what is never closed", () => {
  test.each([
    ["SELECT 1; SELECT 'a", "string", 17],
    ["SELECT E'a\\'", "string", 7],
    ['SELECT "a', "quoted identifier", 7],
    ["SELECT $a$ $b$", "dollar-quoted string", 7],
    ["SELECT 1 /* /* */", "comment", 9],
    ["SELECT 1; /*", "comment", 10],
    ["CREATE TABLE t (a int, b numeric(1); SELECT 2;", "parenthesis", 15],
  ] as const)("%j: %s", (sql, what, start) => {
    expect(splitStatements(sql).unterminated).toEqual({ what, start });
  });

  test("a well-formed text has no such thing", () => {
    expect(splitStatements("SELECT (1), '(', $$ ( $$, \"(\"; -- (").unterminated).toBeUndefined();
  });
});

describe("words", () => {
  const words = (sql: string): readonly string[] => splitStatements(sql).statements[0]!.words;

  test("are the leading tokens, unquoted ones in upper case", () => {
    expect(words("create /* a */ unique -- b\n index \"Ix\" on t('it')")).toEqual([
      "CREATE",
      "UNIQUE",
      "INDEX",
      '"Ix"',
      "ON",
      "T",
      "(",
      "'it'",
    ]);
  });

  test("end with the statement", () => {
    expect(words("begin; select 1")).toEqual(["BEGIN"]);
  });
});

describe("comments", () => {
  test("are collected when asked for, outside quotes and COPY data", () => {
    const sql =
      "-- migrate:up\nSELECT '-- a'; /* -- b */\nCOPY t FROM stdin; -- c\n-- d\n\\.\n  -- migrate:down x\r\nSELECT 2";
    const { comments, statements } = splitStatements(sql, 0, sql.length, { comments: true });
    expect(comments.map(({ start, end }) => sql.slice(start, end))).toEqual([
      "-- migrate:up",
      "/* -- b */",
      "-- c",
      "-- migrate:down x",
    ]);
    expect(statements.map((statement) => statement.text)).toEqual(texts(sql));
  });
});

describe("large texts", () => {
  // Each of these takes minutes when some search begins anew at every token.
  test.each([
    ["CR line ends only", "SELECT 1; -- a\r"],
    ["LF line ends only", "SELECT 1; -- a\n"],
    ["lone conflict lines", "\n<<<<<<< a\n"],
    ["dollars", "$a $"],
    ["escape strings", "E'a'\n -- b\n"],
    ["opening comments", "/*"],
    ["backslashes", "\\x\n"],
    ["parentheses", "("],
    ["bodies", "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; "],
    ["lines that look like the end of COPY data", "COPY t FROM stdin;\n\\.x\n"],
  ])("%s", (_name, piece) => {
    const text = piece.repeat(2_000_000 / piece.length);
    expect(splitStatements(text, 0, text.length, { comments: true }).text).toBe(text);
  });
});
